
/*
 * The store: one Redis deployment as the locations that share its settings
 * see it, and every worker's connections to it.  It knows no HTTP.
 */


#ifndef NGX_OPSCOM_STORE_H_INCLUDED
#define NGX_OPSCOM_STORE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_call.h"


/* Where a Redis server is. */

typedef struct {
    ngx_str_t        text; /* host:port or unix:/path, for the log */
    ngx_str_t        host; /* a name to be resolved, where ... */
    in_port_t        port;
    struct sockaddr *sockaddr; /* ... this is NULL */
    socklen_t        socklen;
} ngx_opscom_address_t;


/*
 * The settings of a store.  Strings and the rest live as long as the
 * configuration; two equal settings make one store.
 */

typedef struct {
    ngx_array_t    *addresses; /* of ngx_opscom_address_t, at least one */
    ngx_str_t       username;
    ngx_str_t       password; /* empty: no AUTH */
    ngx_uint_t      database;
    ngx_uint_t      connections;
    ngx_msec_t      connect_timeout;
    ngx_msec_t      timeout;
    ngx_msec_t      retry; /* 0: a call is sent once */
    ngx_uint_t      queue; /* commands in flight, per worker */
    ngx_uint_t      replicas; /* to be waited for after a write; 0: none */
    ngx_msec_t      replicas_time;
    ngx_flag_t      cluster;
    ngx_str_t       sentinel; /* the master's name; empty: no sentinels */
    ngx_resolver_t *resolver; /* NULL: names were resolved at start */
    ngx_msec_t      resolver_timeout;
#if (NGX_SSL)
    ngx_flag_t tls;
    ngx_ssl_t *ssl; /* NULL: plain TCP */
    ngx_str_t  server_name;
    ngx_str_t  trusted; /* files, for telling settings apart */
    ngx_str_t  certificate;
    ngx_str_t  certificate_key;
#endif
} ngx_opscom_settings_t;


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
extern const ngx_str_t ngx_opscom_refusal_names[NGX_OPSCOM_REFUSALS];


/* A worker's own, in shared memory; zero once the worker has ended. */

typedef struct {
    ngx_atomic_t down;     /* connections that cannot be had */
    ngx_atomic_t refusing; /* connections whose last write was refused */
    ngx_atomic_t inflight; /* calls in flight or waiting */
} ngx_opscom_gauges_t;


/* Of all workers together, in shared memory; they only grow. */

typedef struct {
    ngx_atomic_t reconnects;
    ngx_atomic_t retries;
    ngx_atomic_t refusals[NGX_OPSCOM_REFUSALS];
} ngx_opscom_counters_t;


typedef struct ngx_opscom_store_s ngx_opscom_store_t;


/* Makes a store at configuration time, or NULL without memory. */
ngx_opscom_store_t *ngx_opscom_store_create(
    ngx_conf_t *cf, ngx_opscom_settings_t *settings);

/* Whether two settings mean the same store. */
ngx_int_t ngx_opscom_settings_equal(
    ngx_opscom_settings_t *one, ngx_opscom_settings_t *other);

ngx_opscom_settings_t *ngx_opscom_store_settings(ngx_opscom_store_t *store);

/* From now on, in this worker, the store counts there. */
void ngx_opscom_store_count(ngx_opscom_store_t *store,
    ngx_opscom_gauges_t *gauges, ngx_opscom_counters_t *counters);

/*
 * Sends a call.  NGX_OK: done() will be called, later, within the timeout of
 * the settings, unless the call is cancelled.  NGX_DECLINED: Redis is not
 * there, NGX_BUSY: too many commands are in flight, NGX_ERROR: no memory; with
 * these three done() is not called, and nothing was sent.
 */
ngx_int_t ngx_opscom_store_send(
    ngx_opscom_store_t *store, ngx_opscom_call_t *call);

/* Cancels a call; harmless before it was sent and after it ended. */
void ngx_opscom_store_cancel(ngx_opscom_call_t *call);

/* Closes all connections: the worker exits. */
void ngx_opscom_store_close(ngx_opscom_store_t *store);


#endif /* NGX_OPSCOM_STORE_H_INCLUDED */
