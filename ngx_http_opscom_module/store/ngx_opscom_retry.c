
/* Sending again: which calls, in which order, and when. */


#include "ngx_opscom_backoff.h"
#include "ngx_opscom_deadline.h"
#include "ngx_opscom_retry.h"


static ngx_int_t ngx_opscom_retry_is_before(ngx_opscom_call_t *call,
    ngx_opscom_call_t *other);
static void ngx_opscom_retry_timeout(ngx_event_t *ev);


ngx_int_t
ngx_opscom_retry_may_send(ngx_opscom_call_t *call, ngx_msec_t retry,
    ngx_uint_t maybe_executed)
{
    if (maybe_executed) {
        call->maybe_executed = 1;
    }

    return ngx_opscom_retry_may_wait(call, retry)
           && (call->repeatable || !call->maybe_executed);
}


ngx_int_t
ngx_opscom_retry_may_wait(ngx_opscom_call_t *call, ngx_msec_t retry)
{
    return retry && !call->once && !ngx_opscom_deadline_passed(call->until);
}


void
ngx_opscom_retry_insert_first(ngx_queue_t *waiting, ngx_opscom_call_t *call)
{
    ngx_queue_t        *q;
    ngx_opscom_call_t  *other;

    for (q = ngx_queue_head(waiting);
         q != ngx_queue_sentinel(waiting);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_opscom_call_t, queue);

        if (ngx_opscom_retry_is_before(call, other)) {
            break;
        }
    }

    call->state = NGX_OPSCOM_CALL_WAITING;

    /* nginx before 1.25 has no ngx_queue_insert_before() */

    ngx_queue_insert_tail(q, &call->queue);
}


void
ngx_opscom_retry_insert_last(ngx_queue_t *waiting, ngx_opscom_call_t *call)
{
    ngx_queue_t        *q;
    ngx_opscom_call_t  *other;

    for (q = ngx_queue_last(waiting);
         q != ngx_queue_sentinel(waiting);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_opscom_call_t, queue);

        if (ngx_opscom_retry_is_before(other, call)) {
            break;
        }
    }

    call->state = NGX_OPSCOM_CALL_WAITING;
    ngx_queue_insert_after(q, &call->queue);
}


/* Writes have the same time, a health check has less: the head ends first. */

static ngx_int_t
ngx_opscom_retry_is_before(ngx_opscom_call_t *call, ngx_opscom_call_t *other)
{
    return call->until == other->until
           ? call->serial < other->serial
           : ngx_opscom_deadline_is_before(call->until, other->until);
}


ngx_opscom_call_t *
ngx_opscom_retry_head(ngx_queue_t *waiting)
{
    if (ngx_queue_empty(waiting)) {
        return NULL;
    }

    return ngx_queue_data(ngx_queue_head(waiting), ngx_opscom_call_t, queue);
}


void
ngx_opscom_retry_init(ngx_opscom_retry_t *retry, ngx_opscom_retry_send_pt send)
{
    ngx_queue_init(&retry->postponed);

    retry->send = send;
    retry->timer.handler = ngx_opscom_retry_timeout;
    retry->timer.data = retry;
    retry->timer.log = ngx_cycle->log;
}


void
ngx_opscom_retry_postpone(ngx_opscom_retry_t *retry, ngx_opscom_call_t *call)
{
    ngx_opscom_retry_insert_last(&retry->postponed, call);
    call->state = NGX_OPSCOM_CALL_POSTPONED;

    retry->timer.cancelable = 0;

    if (!retry->timer.timer_set) {
        ngx_add_timer(&retry->timer,
                      ngx_opscom_backoff(1, NGX_OPSCOM_BACKOFF_FIRST));
    }
}


/* A call that is postponed once more waits for the next time. */

static void
ngx_opscom_retry_timeout(ngx_event_t *ev)
{
    ngx_queue_t          due;
    ngx_opscom_call_t   *call;
    ngx_opscom_retry_t  *retry;

    retry = ev->data;

    ngx_queue_init(&due);

    if (!ngx_queue_empty(&retry->postponed)) {
        ngx_queue_add(&due, &retry->postponed);
        ngx_queue_init(&retry->postponed);
    }

    for ( ;; ) {
        call = ngx_opscom_retry_head(&due);

        if (call == NULL) {
            return;
        }

        ngx_queue_remove(&call->queue);
        retry->send(call);
    }
}


void
ngx_opscom_retry_close(ngx_opscom_retry_t *retry)
{
    if (retry->timer.timer_set) {
        ngx_del_timer(&retry->timer);
    }
}
