
/*
 * The calls of a link: those that wait for its connection, those that were
 * sent, and those that are held until replicas have what they wrote; and how
 * they end, or wait again.  When the connection opens and closes is for the
 * link to know.
 */


#ifndef NGX_OPSCOM_CALLS_H_INCLUDED
#define NGX_OPSCOM_CALLS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_attempts.h"
#include "ngx_opscom_call.h"
#include "ngx_opscom_outage.h"
#include "ngx_opscom_pipeline.h"
#include "ngx_opscom_wait.h"


typedef struct {
    ngx_opscom_link_t      *link; /* of the calls; is not looked into */
    ngx_opscom_settings_t  *settings;
    ngx_opscom_account_t   *account;
    ngx_opscom_pipeline_t  *pipeline;
    ngx_opscom_attempts_t  *attempts;
    ngx_log_t              *log;
    ngx_str_t              *name; /* of the server, for the log */

    ngx_queue_t             waiting; /* calls, in their order */
    ngx_queue_t             late;    /* sent calls that end before their
                                        slots' deadlines */
    ngx_uint_t              count;   /* with a caller */
    ngx_uint_t              writes;  /* 1: not only reads were sent */
    ngx_opscom_wait_t       wait;    /* and the calls that are held */
    ngx_opscom_outage_t     outage;  /* that calls may wait out */
    ngx_opscom_refusals_t   refusals;
    ngx_event_t             timer;   /* the nearest deadline */
} ngx_opscom_calls_t;


/*
 * Prepares a zeroed structure whose first fields are set; the handler is called
 * when the nearest deadline has passed.
 */
void ngx_opscom_calls_init(ngx_opscom_calls_t *calls,
    ngx_event_handler_pt handler);

/* Whether a call can be written to a connection that is ready. */
#define ngx_opscom_calls_may_write(calls)                                     \
    (ngx_queue_empty(&(calls)->waiting)                                       \
     && (calls)->wait.state != NGX_OPSCOM_WAIT_PENDING)

/* Whether there are neither calls nor commands in flight. */
ngx_int_t ngx_opscom_calls_is_free(ngx_opscom_calls_t *calls);

/*
 * Writes a call that is in no queue; NGX_ERROR without memory, with the call
 * as it was.
 */
ngx_int_t ngx_opscom_calls_write(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call);

/* Lets a call that is in no queue wait. */
void ngx_opscom_calls_enqueue(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call);

/* Writes calls that wait, some at a time; the connection is ready. */
void ngx_opscom_calls_feed(ngx_opscom_calls_t *calls);

/*
 * The end of a turn: writes WAIT where it is due, whose reply goes to
 * step(data).  NGX_ERROR without memory.
 */
ngx_int_t ngx_opscom_calls_flush(ngx_opscom_calls_t *calls,
    ngx_opscom_step_pt step, void *data);

/*
 * Takes the reply to a call, which is NULL if it was cancelled.  NGX_OK; or
 * with the call in no queue: NGX_DECLINED: the reply is an error, NGX_ERROR: it
 * cannot be the reply to that call.
 */
ngx_int_t ngx_opscom_calls_reply(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);

/*
 * Takes the reply to WAIT, and returns what ngx_opscom_wait_returned() does;
 * _release() then ends the calls that are held (NGX_OK, NGX_ERROR), holds them
 * for a next WAIT (NGX_DECLINED), or lets them wait for another server
 * (NGX_AGAIN).
 */
ngx_int_t ngx_opscom_calls_replicated(ngx_opscom_calls_t *calls,
    ngx_opscom_reply_t *reply);
void ngx_opscom_calls_release(ngx_opscom_calls_t *calls, ngx_int_t rc);

/* After an error reply: see ngx_opscom_link_repeat() and _retry(). */
void ngx_opscom_calls_repeat(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call);
void ngx_opscom_calls_retry(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call);

/*
 * The attempt of a call, which is in no queue, is over: lets it wait for the
 * next one, or puts it into "ended", as its time and what may have been
 * executed allow.
 */
void ngx_opscom_calls_return(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call, ngx_queue_t *ended, ngx_uint_t maybe_executed);

/* Puts a call, which is in no queue, into "ended". */
void ngx_opscom_calls_end(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call,
    ngx_queue_t *ended, ngx_opscom_outcome_t outcome);

/* Releases a call, which is in no queue: another link may take it. */
void ngx_opscom_calls_part(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call);

/* Cancels a call without done(); it is in no queue then. */
void ngx_opscom_calls_cancel(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call);

/*
 * The connection is lost: the calls that were sent or held are returned, those
 * that may not wait are in "ended".
 */
void ngx_opscom_calls_recall(ngx_opscom_calls_t *calls, ngx_queue_t *ended);

/* Moves the calls that wait to "ended". */
void ngx_opscom_calls_abandon(ngx_opscom_calls_t *calls, ngx_queue_t *ended);

/* The server is not used any more: its refusals no longer count. */
void ngx_opscom_calls_unused(ngx_opscom_calls_t *calls);

/* Stops the timer, and leaves the gauges; remaining calls are dropped. */
void ngx_opscom_calls_close(ngx_opscom_calls_t *calls);


#endif /* NGX_OPSCOM_CALLS_H_INCLUDED */
