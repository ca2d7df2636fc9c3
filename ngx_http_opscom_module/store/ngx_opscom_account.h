
/*
 * What a store counts and what it reports once: calls under way, connections
 * that are down, and refusals of Redis.
 */


#ifndef NGX_OPSCOM_ACCOUNT_H_INCLUDED
#define NGX_OPSCOM_ACCOUNT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* Why Redis refused, by the first word of its error. */

typedef enum {
    NGX_OPSCOM_REFUSAL_OOM,
    NGX_OPSCOM_REFUSAL_READONLY,
    NGX_OPSCOM_REFUSAL_MISCONF,
    NGX_OPSCOM_REFUSAL_NOREPLICAS,
    NGX_OPSCOM_REFUSAL_LOADING,
    NGX_OPSCOM_REFUSAL_MASTERDOWN,
    NGX_OPSCOM_REFUSAL_CLUSTERDOWN,
    NGX_OPSCOM_REFUSAL_NOAUTH,
    NGX_OPSCOM_REFUSAL_NOPERM,
    NGX_OPSCOM_REFUSAL_WRONGTYPE,
    NGX_OPSCOM_REFUSAL_OTHER,
    NGX_OPSCOM_REFUSALS
} ngx_opscom_refusal_t;


/* "OOM" ... "other". */
extern const ngx_str_t ngx_opscom_account_refusal_names[NGX_OPSCOM_REFUSALS];


/* A worker's own, in shared memory; zero once the worker has ended. */

typedef struct {
    ngx_atomic_t  down;     /* connections that cannot be opened */
    ngx_atomic_t  refusing; /* connections whose last write was refused */
    ngx_atomic_t  inflight; /* calls in flight or waiting */
} ngx_opscom_gauges_t;


/* Of all workers together, in shared memory; they only grow. */

typedef struct {
    ngx_atomic_t  reconnects;
    ngx_atomic_t  retries;
    ngx_atomic_t  refusals[NGX_OPSCOM_REFUSALS];
} ngx_opscom_counters_t;


/* The refusals of one connection, from the first to the next write. */

typedef struct {
    ngx_uint_t  reasons; /* bits 1 << ngx_opscom_refusal_t: were logged */
    ngx_uint_t  count;
    ngx_msec_t  since;
    ngx_msec_t  last;
} ngx_opscom_refusals_t;


typedef struct {
    ngx_opscom_gauges_t    *gauges;
    ngx_opscom_counters_t  *counters;
    ngx_uint_t              calls; /* in flight or waiting, in this worker */
    uint64_t                serial; /* of the last call */
    ngx_opscom_refusals_t   unserved; /* by any node of a cluster */
} ngx_opscom_account_t;


/* Counts in variables of this file until gauges and counters are set. */
void ngx_opscom_account_init(ngx_opscom_account_t *account);

/* A call begins and ends. */
void ngx_opscom_account_enter(ngx_opscom_account_t *account);
void ngx_opscom_account_leave(ngx_opscom_account_t *account);

/*
 * The reason that an error text gives: its first word, or where Redis up to
 * version 6 wraps the errors of scripts ("ERR Error running script ...:
 * -READONLY ..."), the first known word behind a colon.  What Redis's ACL
 * forbids to a script is NOPERM, although Redis calls it "ERR" there.
 */
ngx_opscom_refusal_t ngx_opscom_account_reason(ngx_str_t *text);

/* A refusal outside of any call: it is counted alone. */
void ngx_opscom_account_refusal(ngx_opscom_account_t *account,
    ngx_str_t *text);

/*
 * A call was refused by the server with this name.  Logged once for each reason
 * until a write succeeds: on that connection, or where a slot was not served,
 * on any one, as another node may serve it then.
 */
void ngx_opscom_account_refused(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals, ngx_log_t *log, ngx_str_t *name,
    ngx_str_t *text);

/*
 * A write succeeded: the refusals of that connection are over, and those of the
 * cluster, where the last one was a second ago.
 */
void ngx_opscom_account_accepted(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals, ngx_log_t *log, ngx_str_t *name);

/* The connection is closed: its refusals leave the gauge and are not logged. */
void ngx_opscom_account_forget(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals);


#endif /* NGX_OPSCOM_ACCOUNT_H_INCLUDED */
