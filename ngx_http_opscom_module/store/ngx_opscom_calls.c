
/* The calls of a link: waiting, sent and held calls, and how they end. */


#include "ngx_opscom_calls.h"
#include "ngx_opscom_deadline.h"
#include "ngx_opscom_retry.h"


/* At most so many of the waiting calls are in flight at a time. */

#define NGX_OPSCOM_CALLS_BITE 256


static void ngx_opscom_calls_join(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call);
static void ngx_opscom_calls_executed(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call, ngx_int_t rc);
static void ngx_opscom_calls_accepted(ngx_opscom_calls_t *calls);
static void ngx_opscom_calls_held(ngx_opscom_calls_t *calls,
    ngx_queue_t *ended, ngx_int_t rc);
static void ngx_opscom_calls_hold(ngx_opscom_calls_t *calls,
    ngx_opscom_call_t *call, ngx_queue_t *ended);


void
ngx_opscom_calls_init(ngx_opscom_calls_t *calls, ngx_event_handler_pt handler)
{
    ngx_queue_init(&calls->waiting);
    ngx_queue_init(&calls->late);
    ngx_opscom_wait_init(&calls->wait);

    calls->timer.handler = handler;
    calls->timer.data = calls->link;
    calls->timer.log = calls->log;
    calls->timer.cancelable = 1;
}


ngx_int_t
ngx_opscom_calls_is_free(ngx_opscom_calls_t *calls)
{
    return calls->count == 0
           && ngx_opscom_inflight_count(&calls->pipeline->inflight) == 0;
}


/* A worker that quits waits for timers that are not cancelable. */

static void
ngx_opscom_calls_join(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call)
{
    call->link = calls->link;

    if (calls->count++ == 0) {
        calls->timer.cancelable = 0;
        ngx_opscom_attempts_awaited(calls->attempts, 1);
    }
}


void
ngx_opscom_calls_part(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call)
{
    call->link = NULL;

    if (--calls->count == 0) {
        calls->timer.cancelable = 1;
        ngx_opscom_attempts_awaited(calls->attempts, 0);
    }
}


ngx_int_t
ngx_opscom_calls_write(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call)
{
    ngx_msec_t  deadline;

    deadline = ngx_current_msec + calls->settings->timeout;

    if (call->again && call->maybe_executed) {
        *call->again = '1';
    }

    if (ngx_opscom_pipeline_call(calls->pipeline, call, deadline) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_opscom_calls_join(calls, call);

    if (call->retried) {
        call->retried = 0;
        (void) ngx_atomic_fetch_add(&calls->account->counters->retries, 1);
    }

    call->state = NGX_OPSCOM_CALL_SENT;
    calls->writes |= !call->reads;

    /* the link has failed at the slot's deadline, the call may end before */

    if (ngx_opscom_deadline_is_before(call->deadline, deadline)) {
        deadline = call->deadline;
        ngx_opscom_deadline_insert(&calls->late, call);

    } else {
        ngx_queue_init(&call->queue);
    }

    ngx_opscom_deadline_arm(&calls->timer, deadline);

    if (calls->settings->replicas) {
        ngx_opscom_wait_written(&calls->wait);
    }

    return NGX_OK;
}


void
ngx_opscom_calls_enqueue(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call)
{
    ngx_opscom_calls_join(calls, call);
    ngx_opscom_retry_insert_last(&calls->waiting, call);
    ngx_opscom_deadline_arm(&calls->timer, call->until);
}


void
ngx_opscom_calls_feed(ngx_opscom_calls_t *calls)
{
    ngx_queue_t         ended;
    ngx_opscom_call_t  *call;

    ngx_queue_init(&ended);

    while (calls->wait.state != NGX_OPSCOM_WAIT_PENDING
           && ngx_opscom_inflight_count(&calls->pipeline->inflight)
              < NGX_OPSCOM_CALLS_BITE)
    {
        call = ngx_opscom_retry_head(&calls->waiting);

        if (call == NULL) {
            break;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_calls_part(calls, call);

        if (ngx_opscom_calls_write(calls, call) != NGX_OK) {
            ngx_opscom_call_end(call, &ended, ngx_opscom_call_outcome(call));
        }
    }

    ngx_opscom_call_finish(&ended);
}


ngx_int_t
ngx_opscom_calls_flush(ngx_opscom_calls_t *calls, ngx_opscom_step_pt step,
    void *data)
{
    if (calls->wait.state == NGX_OPSCOM_WAIT_NONE) {
        return NGX_OK;
    }

    if (ngx_opscom_wait_flush(&calls->wait, calls->pipeline, calls->settings,
                              step, data)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* between two WAITs, the timer may have fired with nothing in flight */

    if (calls->wait.state == NGX_OPSCOM_WAIT_PENDING) {
        ngx_opscom_deadline_arm(&calls->timer,
                                ngx_current_msec + calls->settings->timeout);
    }

    return NGX_OK;
}


ngx_int_t
ngx_opscom_calls_reply(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_int_t  rc;

    if (call == NULL) {
        ngx_opscom_account_leave(calls->account);
        return NGX_OK;
    }

    ngx_queue_remove(&call->queue);

    if (reply->type == REDIS_REPLY_ERROR) {
        return NGX_DECLINED;
    }

    rc = call->read(call, reply);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_opscom_calls_executed(calls, call, rc);

    return NGX_OK;
}


/* A read needs no replicas; where there are writes it ends no refusal. */

static void
ngx_opscom_calls_executed(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call,
    ngx_int_t rc)
{
    if (rc == NGX_OK && calls->settings->replicas) {
        ngx_opscom_wait_hold(&calls->wait, call);
        return;
    }

    if (rc == NGX_OK || !calls->writes) {
        ngx_opscom_calls_accepted(calls);
    }

    ngx_opscom_calls_part(calls, call);
    ngx_opscom_call_done(call, NGX_OPSCOM_DONE);
}


/* A server that accepts writes and then refuses WAIT has not recovered. */

static void
ngx_opscom_calls_accepted(ngx_opscom_calls_t *calls)
{
    calls->attempts->failures = 0;

    ngx_opscom_outage_written(&calls->outage);
    ngx_opscom_account_accepted(calls->account, &calls->refusals, calls->log,
                                calls->name);
}


void
ngx_opscom_calls_repeat(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call)
{
    ngx_opscom_calls_part(calls, call);

    if (ngx_opscom_calls_write(calls, call) != NGX_OK) {
        ngx_opscom_call_done(call, ngx_opscom_call_outcome(call));
    }
}


void
ngx_opscom_calls_retry(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call)
{
    ngx_queue_t  ended;

    ngx_queue_init(&ended);

    ngx_opscom_calls_return(calls, call, &ended, 0);
    ngx_opscom_call_finish(&ended);
}


ngx_int_t
ngx_opscom_calls_replicated(ngx_opscom_calls_t *calls,
    ngx_opscom_reply_t *reply)
{
    ngx_int_t  rc;

    rc = ngx_opscom_wait_returned(&calls->wait, calls->settings, reply);

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, calls->log, 0,
                   "opscom: redis %V: WAIT returned: %i", calls->name, rc);

    if (rc == NGX_AGAIN || rc == NGX_ERROR) {
        ngx_opscom_account_refused(calls->account, &calls->refusals,
                                   calls->log, calls->name, &reply->text);

    } else if (!ngx_queue_empty(&calls->wait.held)) {
        ngx_opscom_calls_accepted(calls);
    }

    return rc;
}


void
ngx_opscom_calls_release(ngx_opscom_calls_t *calls, ngx_int_t rc)
{
    ngx_queue_t  ended;

    ngx_queue_init(&ended);

    ngx_opscom_calls_held(calls, &ended, rc);
    ngx_opscom_call_finish(&ended);
}


static void
ngx_opscom_calls_held(ngx_opscom_calls_t *calls, ngx_queue_t *ended,
    ngx_int_t rc)
{
    ngx_queue_t         held;
    ngx_opscom_call_t  *call;

    ngx_opscom_wait_release(&calls->wait, &held);

    for ( ;; ) {
        call = ngx_opscom_retry_head(&held);

        if (call == NULL) {
            return;
        }

        ngx_queue_remove(&call->queue);

        switch (rc) {

        case NGX_AGAIN:
            ngx_opscom_calls_return(calls, call, ended, 1);
            break;

        case NGX_DECLINED:
            ngx_opscom_calls_hold(calls, call, ended);
            break;

        default:
            ngx_opscom_calls_end(calls, call, ended,
                                 rc == NGX_OK ? NGX_OPSCOM_DONE
                                              : NGX_OPSCOM_UNKNOWN);
        }
    }
}


/* WAIT may be repeated for any call: it sends nothing of it again. */

static void
ngx_opscom_calls_hold(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call,
    ngx_queue_t *ended)
{
    if (!ngx_opscom_retry_may_wait(call, calls->settings->retry)) {
        ngx_opscom_calls_end(calls, call, ended, NGX_OPSCOM_UNKNOWN);
        return;
    }

    ngx_opscom_wait_hold(&calls->wait, call);
    ngx_opscom_wait_written(&calls->wait);
    ngx_opscom_pipeline_post(calls->pipeline);
}


void
ngx_opscom_calls_end(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call,
    ngx_queue_t *ended, ngx_opscom_outcome_t outcome)
{
    if (outcome != NGX_OPSCOM_DONE) {
        calls->outage.ended++;
    }

    ngx_opscom_calls_part(calls, call);
    ngx_opscom_call_end(call, ended, outcome);
}


void
ngx_opscom_calls_return(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call,
    ngx_queue_t *ended, ngx_uint_t maybe_executed)
{
    if (ngx_opscom_retry_may_send(call, calls->settings->retry, maybe_executed)
        && ngx_opscom_outage_may_wait(&calls->outage))
    {
        call->retried = 1;
        ngx_opscom_retry_insert_first(&calls->waiting, call);
        ngx_opscom_deadline_arm(&calls->timer, call->until);
        return;
    }

    ngx_opscom_calls_end(calls, call, ended, ngx_opscom_call_outcome(call));
}


void
ngx_opscom_calls_recall(ngx_opscom_calls_t *calls, ngx_queue_t *ended)
{
    ngx_uint_t          sent;
    ngx_opscom_call_t  *call;

    /* the newest first: each finds its place immediately */

    while (ngx_opscom_pipeline_drain(calls->pipeline, &call, &sent) == NGX_OK)
    {
        if (call == NULL) {
            ngx_opscom_account_leave(calls->account);
            continue;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_calls_return(calls, call, ended, sent);
    }

    calls->wait.state = NGX_OPSCOM_WAIT_NONE;
    ngx_opscom_calls_held(calls, ended, NGX_AGAIN);
}


void
ngx_opscom_calls_abandon(ngx_opscom_calls_t *calls, ngx_queue_t *ended)
{
    ngx_opscom_call_t  *call;

    for ( ;; ) {
        call = ngx_opscom_retry_head(&calls->waiting);

        if (call == NULL) {
            return;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_calls_end(calls, call, ended, ngx_opscom_call_outcome(call));
    }
}


void
ngx_opscom_calls_cancel(ngx_opscom_calls_t *calls, ngx_opscom_call_t *call)
{
    ngx_queue_remove(&call->queue);
    ngx_opscom_calls_part(calls, call);

    /* where a reply will still come, it must find its place */

    if (call->state == NGX_OPSCOM_CALL_SENT
        && ngx_opscom_pipeline_cancel(calls->pipeline, call) == NGX_OK)
    {
        return;
    }

    ngx_opscom_account_leave(call->account);
}


void
ngx_opscom_calls_unused(ngx_opscom_calls_t *calls)
{
    ngx_opscom_outage_written(&calls->outage);
    ngx_opscom_account_forget(calls->account, &calls->refusals);
}


void
ngx_opscom_calls_close(ngx_opscom_calls_t *calls)
{
    if (calls->timer.timer_set) {
        ngx_del_timer(&calls->timer);
    }

    ngx_opscom_outage_forget(&calls->outage, calls->account);
    ngx_opscom_account_forget(calls->account, &calls->refusals);
}
