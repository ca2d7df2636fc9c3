
/*
 * Sending again.  Calls wait for a connection or, where the server refused
 * temporarily, for a pause; each until its own time is over, and in the order
 * of those times: the order of arrival for calls with the same timeout.
 */


#ifndef NGX_OPSCOM_RETRY_H_INCLUDED
#define NGX_OPSCOM_RETRY_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_call.h"


/* Sends a call anew, or ends it. */
typedef void (*ngx_opscom_retry_send_pt)(ngx_opscom_call_t *call);


/* Calls that are sent again after a pause, wherever their slot is then. */

typedef struct {
    ngx_queue_t               postponed;
    ngx_event_t               timer;
    ngx_opscom_retry_send_pt  send;
} ngx_opscom_retry_t;


/*
 * Whether a call whose last attempt failed may be sent again: it has time left,
 * and either was certainly not executed or is repeatable.  Notes in the call
 * that it may have been executed.
 */
ngx_int_t ngx_opscom_retry_may_send(ngx_opscom_call_t *call,
    ngx_msec_t retry, ngx_uint_t maybe_executed);

/* Whether a call has time left in which something else may succeed. */
ngx_int_t ngx_opscom_retry_may_wait(ngx_opscom_call_t *call,
    ngx_msec_t retry);

/*
 * Put a call into a queue of waiting calls, in its place; _first() is fast for
 * one that belongs at the beginning, _last() for one that belongs at the end.
 */
void ngx_opscom_retry_insert_first(ngx_queue_t *waiting,
    ngx_opscom_call_t *call);
void ngx_opscom_retry_insert_last(ngx_queue_t *waiting,
    ngx_opscom_call_t *call);

/* The call that has waited longest, or NULL. */
ngx_opscom_call_t *ngx_opscom_retry_head(ngx_queue_t *waiting);


/* Prepares the queue of postponed calls. */
void ngx_opscom_retry_init(ngx_opscom_retry_t *retry,
    ngx_opscom_retry_send_pt send);

/* Sends a call, which is in no queue, again after a pause of some 50 ms. */
void ngx_opscom_retry_postpone(ngx_opscom_retry_t *retry,
    ngx_opscom_call_t *call);

/* Stops the timer: the worker exits. */
void ngx_opscom_retry_close(ngx_opscom_retry_t *retry);


#endif /* NGX_OPSCOM_RETRY_H_INCLUDED */
