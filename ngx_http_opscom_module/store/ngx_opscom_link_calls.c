
/* The calls of a link: waiting, sent and held calls, and how they end. */


#include "ngx_opscom_deadline.h"
#include "ngx_opscom_link.h"
#include "ngx_opscom_retry.h"


/* At most so many of the waiting calls are in flight at a time. */

#define NGX_OPSCOM_LINK_BITE 256


static void ngx_opscom_link_join(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call);
static void ngx_opscom_link_mismatch(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call);
static void ngx_opscom_link_executed(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_int_t rc);
static void ngx_opscom_link_accepted(ngx_opscom_link_t *link);
static void ngx_opscom_link_end(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_queue_t *ended,
    ngx_opscom_outcome_t outcome);
static void ngx_opscom_link_return(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_queue_t *ended, ngx_uint_t maybe_executed);
static void ngx_opscom_link_held(ngx_opscom_link_t *link, ngx_queue_t *held,
    ngx_queue_t *ended, ngx_int_t rc);
static void ngx_opscom_link_hold(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_queue_t *ended);


/* A worker that quits waits for timers that are not cancelable. */

static void
ngx_opscom_link_join(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    call->link = link;

    if (link->calls++ == 0) {
        link->timer.cancelable = 0;
        link->pause.cancelable = 0;
    }
}


void
ngx_opscom_link_part(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    call->link = NULL;

    if (--link->calls == 0) {
        link->timer.cancelable = 1;
        link->pause.cancelable = 1;
    }
}


ngx_int_t
ngx_opscom_link_write(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    ngx_msec_t  deadline;

    deadline = ngx_current_msec + link->settings->timeout;

    if (call->again && call->maybe_executed) {
        *call->again = '1';
    }

    if (ngx_opscom_pipeline_call(&link->pipeline, call, deadline) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_opscom_link_join(link, call);

    if (call->retried) {
        call->retried = 0;
        (void) ngx_atomic_fetch_add(&link->account->counters->retries, 1);
    }

    call->state = NGX_OPSCOM_CALL_SENT;
    link->writes |= !call->reads;

    /* the link has failed at the slot's deadline, the call may end before */

    if (ngx_opscom_deadline_is_before(call->deadline, deadline)) {
        deadline = call->deadline;
        ngx_opscom_deadline_insert(&link->late, call);

    } else {
        ngx_queue_init(&call->queue);
    }

    ngx_opscom_deadline_arm(&link->timer, deadline);

    if (link->settings->replicas) {
        ngx_opscom_wait_written(&link->wait);
    }

    return NGX_OK;
}


void
ngx_opscom_link_enqueue(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    ngx_opscom_link_join(link, call);
    ngx_opscom_retry_insert_last(&link->waiting, call);
    ngx_opscom_deadline_arm(&link->timer, call->until);
}


void
ngx_opscom_link_feed(ngx_opscom_link_t *link)
{
    ngx_queue_t         ended;
    ngx_opscom_call_t  *call;

    ngx_queue_init(&ended);

    while (link->state == NGX_OPSCOM_LINK_READY
           && link->wait.state != NGX_OPSCOM_WAIT_PENDING
           && ngx_opscom_inflight_count(&link->pipeline.inflight)
              < NGX_OPSCOM_LINK_BITE)
    {
        call = ngx_opscom_retry_head(&link->waiting);

        if (call == NULL) {
            break;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_link_part(link, call);

        if (ngx_opscom_link_write(link, call) != NGX_OK) {
            ngx_opscom_call_end(call, &ended, ngx_opscom_call_outcome(call));
        }
    }

    ngx_opscom_call_finish(&ended);
}


void
ngx_opscom_link_reply(ngx_opscom_pipeline_t *pipeline, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_int_t           rc;
    ngx_opscom_link_t  *link;

    link = pipeline->data;

    if (call == NULL) {
        ngx_opscom_account_leave(link->account);
        return;
    }

    ngx_queue_remove(&call->queue);

    if (reply->type == REDIS_REPLY_ERROR) {
        link->handlers->error(link, call, &reply->text);
        return;
    }

    rc = call->read(call, reply);

    if (rc == NGX_ERROR) {
        ngx_opscom_link_mismatch(link, call);
        return;
    }

    ngx_opscom_link_executed(link, call, rc);
}


/* The reply was another command's: so are all that follow. */

static void
ngx_opscom_link_mismatch(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    ngx_queue_t  ended;

    ngx_log_error(NGX_LOG_ERR, &link->log, 0,
                  "opscom: redis %V: unexpected reply type",
                  ngx_opscom_link_name(link));

    ngx_queue_init(&ended);

    ngx_opscom_link_return(link, call, &ended, 1);
    ngx_opscom_link_fail(link, "unexpected reply type", 0);

    ngx_opscom_call_finish(&ended);
}


/* A read needs no replicas; where there are writes it ends no refusal. */

static void
ngx_opscom_link_executed(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_int_t rc)
{
    if (rc == NGX_OK && link->settings->replicas) {
        ngx_opscom_wait_hold(&link->wait, call);
        return;
    }

    if (rc == NGX_OK || !link->writes) {
        ngx_opscom_link_accepted(link);
    }

    ngx_opscom_link_part(link, call);
    ngx_opscom_call_done(call, NGX_OPSCOM_DONE);
}


/* A server that accepts writes and then refuses WAIT has not recovered. */

static void
ngx_opscom_link_accepted(ngx_opscom_link_t *link)
{
    link->failures = 0;

    ngx_opscom_outage_written(&link->outage);
    ngx_opscom_account_accepted(link->account, &link->refusals, &link->log,
                                ngx_opscom_link_name(link));
}


void
ngx_opscom_link_repeat(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    ngx_opscom_link_part(link, call);

    if (ngx_opscom_link_write(link, call) != NGX_OK) {
        ngx_opscom_call_done(call, ngx_opscom_call_outcome(call));
    }
}


void
ngx_opscom_link_retry(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    ngx_queue_t  ended;

    ngx_queue_init(&ended);

    ngx_opscom_link_return(link, call, &ended, 0);
    ngx_opscom_call_finish(&ended);
}


void
ngx_opscom_link_replicated(void *data, ngx_opscom_reply_t *reply)
{
    ngx_int_t           rc;
    ngx_queue_t         held, ended;
    ngx_opscom_link_t  *link;

    link = data;

    rc = ngx_opscom_wait_returned(&link->wait, link->settings, reply);

    ngx_queue_init(&ended);
    ngx_opscom_wait_release(&link->wait, &held);

    if (rc == NGX_AGAIN || rc == NGX_ERROR) {
        ngx_opscom_account_refused(link->account, &link->refusals, &link->log,
                                   ngx_opscom_link_name(link), &reply->text);

    } else if (!ngx_queue_empty(&held)) {
        ngx_opscom_link_accepted(link);
    }

    if (rc == NGX_AGAIN) {
        ngx_opscom_link_drain(link);
    }

    ngx_opscom_link_held(link, &held, &ended, rc);

    ngx_opscom_call_finish(&ended);
}


/* They wait on: NGX_AGAIN for another server, NGX_DECLINED for a next WAIT. */

static void
ngx_opscom_link_held(ngx_opscom_link_t *link, ngx_queue_t *held,
    ngx_queue_t *ended, ngx_int_t rc)
{
    ngx_opscom_call_t  *call;

    if (rc == NGX_DECLINED && link->state != NGX_OPSCOM_LINK_READY) {
        rc = NGX_AGAIN;
    }

    for ( ;; ) {
        call = ngx_opscom_retry_head(held);

        if (call == NULL) {
            return;
        }

        ngx_queue_remove(&call->queue);

        switch (rc) {

        case NGX_AGAIN:
            ngx_opscom_link_return(link, call, ended, 1);
            break;

        case NGX_DECLINED:
            ngx_opscom_link_hold(link, call, ended);
            break;

        default:
            ngx_opscom_link_end(link, call, ended,
                                rc == NGX_OK ? NGX_OPSCOM_DONE
                                             : NGX_OPSCOM_UNKNOWN);
        }
    }
}


/* WAIT may be repeated for any call: it sends nothing of it again. */

static void
ngx_opscom_link_hold(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_queue_t *ended)
{
    if (!ngx_opscom_retry_may_wait(call, link->settings->retry)) {
        ngx_opscom_link_end(link, call, ended, NGX_OPSCOM_UNKNOWN);
        return;
    }

    ngx_opscom_wait_hold(&link->wait, call);
    ngx_opscom_wait_written(&link->wait);
    ngx_opscom_pipeline_post(&link->pipeline);
}


static void
ngx_opscom_link_end(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_queue_t *ended, ngx_opscom_outcome_t outcome)
{
    if (outcome != NGX_OPSCOM_DONE) {
        link->outage.ended++;
    }

    ngx_opscom_link_part(link, call);
    ngx_opscom_call_end(call, ended, outcome);
}


/* A call whose attempt is over waits for the next one, or ends. */

static void
ngx_opscom_link_return(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_queue_t *ended, ngx_uint_t maybe_executed)
{
    if (ngx_opscom_retry_may_send(call, link->settings->retry, maybe_executed)
        && ngx_opscom_outage_may_wait(&link->outage))
    {
        call->retried = 1;
        ngx_opscom_retry_insert_first(&link->waiting, call);
        ngx_opscom_deadline_arm(&link->timer, call->until);
        return;
    }

    ngx_opscom_link_end(link, call, ended, ngx_opscom_call_outcome(call));
}


void
ngx_opscom_link_recall(ngx_opscom_link_t *link, ngx_queue_t *ended)
{
    ngx_uint_t          sent;
    ngx_queue_t         held;
    ngx_opscom_call_t  *call;

    /* the newest first: each finds its place immediately */

    while (ngx_opscom_pipeline_drain(&link->pipeline, &call, &sent) == NGX_OK)
    {
        if (call == NULL) {
            ngx_opscom_account_leave(link->account);
            continue;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_link_return(link, call, ended, sent);
    }

    link->wait.state = NGX_OPSCOM_WAIT_NONE;
    ngx_opscom_wait_release(&link->wait, &held);
    ngx_opscom_link_held(link, &held, ended, NGX_AGAIN);
}


void
ngx_opscom_link_abandon(ngx_opscom_link_t *link, ngx_queue_t *ended)
{
    ngx_opscom_call_t  *call;

    for ( ;; ) {
        call = ngx_opscom_retry_head(&link->waiting);

        if (call == NULL) {
            return;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_link_end(link, call, ended, ngx_opscom_call_outcome(call));
    }
}


void
ngx_opscom_link_expire(ngx_opscom_link_t *link)
{
    ngx_queue_t         ended;
    ngx_opscom_call_t  *call;

    ngx_queue_init(&ended);

    for ( ;; ) {
        call = ngx_opscom_retry_head(&link->waiting);

        if (call == NULL || !ngx_opscom_deadline_passed(call->until)) {
            break;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_link_end(link, call, &ended, ngx_opscom_call_outcome(call));
    }

    for ( ;; ) {
        call = ngx_opscom_retry_head(&link->late);

        if (call == NULL || !ngx_opscom_deadline_passed(call->deadline)) {
            break;
        }

        /* its slot stays, and is counted until the reply comes */

        ngx_queue_remove(&call->queue);

        if (ngx_opscom_pipeline_cancel(&link->pipeline, call) != NGX_OK) {
            ngx_opscom_link_end(link, call, &ended,
                                ngx_opscom_call_outcome(call));
            continue;
        }

        ngx_opscom_account_enter(link->account);
        ngx_opscom_link_end(link, call, &ended, NGX_OPSCOM_UNKNOWN);
    }

    ngx_opscom_call_finish(&ended);
}


void
ngx_opscom_link_cancel(ngx_opscom_call_t *call)
{
    ngx_opscom_link_t  *link;

    link = call->link;

    ngx_queue_remove(&call->queue);
    ngx_opscom_link_part(link, call);

    /* where a reply will still come, it must find its place */

    if (call->state == NGX_OPSCOM_CALL_SENT
        && ngx_opscom_pipeline_cancel(&link->pipeline, call) == NGX_OK)
    {
        return;
    }

    ngx_opscom_account_leave(call->account);
}
