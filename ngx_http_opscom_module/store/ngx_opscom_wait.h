
/*
 * WAIT: calls are held until enough replicas have what they wrote
 * (redis.io/commands/wait).  At most one WAIT is under way on a connection, as
 * Redis executes nothing else of that connection meanwhile; it covers all that
 * was written before it.
 */


#ifndef NGX_OPSCOM_WAIT_H_INCLUDED
#define NGX_OPSCOM_WAIT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_call.h"
#include "ngx_opscom_pipeline.h"


typedef enum {
    NGX_OPSCOM_WAIT_NONE,
    NGX_OPSCOM_WAIT_DUE,    /* at the end of this turn */
    NGX_OPSCOM_WAIT_PENDING /* no call is written until it has returned */
} ngx_opscom_wait_state_t;


typedef struct {
    ngx_queue_t              held;
    ngx_opscom_wait_state_t  state;
} ngx_opscom_wait_t;


void ngx_opscom_wait_init(ngx_opscom_wait_t *wait);

/* A call was written: a WAIT follows at the end of the turn. */
#define ngx_opscom_wait_written(wait)                                         \
    ((wait)->state = NGX_OPSCOM_WAIT_DUE)

/* Redis has executed the call. */
void ngx_opscom_wait_hold(ngx_opscom_wait_t *wait, ngx_opscom_call_t *call);

/*
 * Writes WAIT where it is due, its reply goes to step(data).  NGX_ERROR
 * without memory.
 */
ngx_int_t ngx_opscom_wait_flush(ngx_opscom_wait_t *wait,
    ngx_opscom_pipeline_t *pipeline, ngx_opscom_settings_t *settings,
    ngx_opscom_step_pt step, void *data);

/*
 * WAIT has returned.  NGX_OK: the held calls are covered; NGX_DECLINED: too few
 * replicas have them; NGX_AGAIN: an error, of a server that is no master now;
 * NGX_ERROR: any other reply.
 */
ngx_int_t ngx_opscom_wait_returned(ngx_opscom_wait_t *wait,
    ngx_opscom_settings_t *settings, ngx_opscom_reply_t *reply);

/* The held calls, moved to "calls". */
void ngx_opscom_wait_release(ngx_opscom_wait_t *wait, ngx_queue_t *calls);


#endif /* NGX_OPSCOM_WAIT_H_INCLUDED */
