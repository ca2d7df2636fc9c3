
/* What becomes of a link that is lost, and of the calls that it took along. */


#include "ngx_opscom_link.h"


#define NGX_OPSCOM_PAUSE_FIRST 50 /* ms */
#define NGX_OPSCOM_PAUSE_MOST  2000


static void ngx_opscom_link_drain(ngx_opscom_link_t *link, ngx_queue_t *ended);
static void ngx_opscom_link_abandon(
    ngx_opscom_link_t *link, ngx_queue_t *ended);
static void ngx_opscom_link_pause(ngx_opscom_link_t *link);
static void ngx_opscom_link_report(
    ngx_opscom_link_t *link, const char *what, ngx_err_t err);


void
ngx_opscom_link_fail(ngx_opscom_link_t *link, const char *what, ngx_err_t err)
{
    ngx_queue_t ended;
    ngx_uint_t  was_ready, was_busy;

    ngx_queue_init(&ended);

    was_ready = (link->state == NGX_OPSCOM_LINK_READY);
    was_busy = ngx_opscom_link_is_busy(link);

    ngx_opscom_link_drain(link, &ended);
    ngx_opscom_reach_close(link);

    if (!was_ready && link->tried < link->addresses->nelts) {
        link->tried++;
        link->address = (link->address + 1) % link->addresses->nelts;

        /* should that fail too, this function sees to it again */

        (void) ngx_opscom_reach(link);

        return;
    }

    if (link->stale) {
        link->stale = 0;
        link->address = (link->address + 1) % link->addresses->nelts;

    } else if (was_ready && !was_busy) {
        ngx_log_error(NGX_LOG_INFO, &link->log, err,
            "opscom: redis %V: %s while idle", ngx_opscom_link_name(link),
            what);

        link->state = NGX_OPSCOM_LINK_IDLE;
        return;
    }

    ngx_opscom_link_report(link, what, err);

    if (was_ready && link->failures == 0) {
        link->failures = 1;
        (void) ngx_opscom_link_open(link);

    } else {
        ngx_opscom_link_pause(link);
    }

    if (link->state == NGX_OPSCOM_LINK_PAUSED) {
        ngx_opscom_link_abandon(link, &ended);
    }

    ngx_opscom_link_finish(link, &ended);
}


/*
 * Moves the calls that were written.  Redis executes whole commands only: what
 * did not leave to its last byte was not executed.
 */

static void
ngx_opscom_link_drain(ngx_opscom_link_t *link, ngx_queue_t *ended)
{
    ngx_queue_t       *q;
    ngx_opscom_slot_t *slot;

    while (!ngx_queue_empty(&link->held)) {
        q = ngx_queue_head(&link->held);
        ngx_queue_remove(q);

        ngx_opscom_link_end(ngx_queue_data(q, ngx_opscom_call_t, queue), ended,
            NGX_OPSCOM_UNKNOWN);
    }

    for (;;) {
        slot = ngx_opscom_order_head(&link->order);

        if (slot == NULL) {
            break;
        }

        link->order.head++;

        if (slot->call) {
            ngx_opscom_link_end(slot->call, ended,
                slot->end <= link->sent ? NGX_OPSCOM_UNKNOWN
                                        : NGX_OPSCOM_UNAVAILABLE);

        } else if (slot->step == NULL) {
            ngx_opscom_store_ended(link->store);
        }
    }
}


/* Moves the calls that wait for the link. */

static void
ngx_opscom_link_abandon(ngx_opscom_link_t *link, ngx_queue_t *ended)
{
    ngx_queue_t *q;

    while (!ngx_queue_empty(&link->waiting)) {
        q = ngx_queue_head(&link->waiting);
        ngx_queue_remove(q);

        ngx_opscom_link_end(ngx_queue_data(q, ngx_opscom_call_t, queue), ended,
            NGX_OPSCOM_UNAVAILABLE);
    }
}


void
ngx_opscom_link_end(
    ngx_opscom_call_t *call, ngx_queue_t *ended, ngx_opscom_outcome_t outcome)
{
    call->state = NGX_OPSCOM_CALL_ENDING;
    call->outcome = outcome;

    ngx_queue_insert_tail(ended, &call->queue);
}


/* A done() may send anew, and may cancel others of the queue. */

void
ngx_opscom_link_finish(ngx_opscom_link_t *link, ngx_queue_t *ended)
{
    ngx_queue_t       *q;
    ngx_opscom_call_t *call;

    while (!ngx_queue_empty(ended)) {
        q = ngx_queue_head(ended);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_opscom_call_t, queue);
        call->state = NGX_OPSCOM_CALL_NEW;

        link->refused++;

        ngx_opscom_store_ended(link->store);
        call->done(call, call->outcome);
    }
}


static void
ngx_opscom_link_pause(ngx_opscom_link_t *link)
{
    ngx_msec_t pause;

    link->state = NGX_OPSCOM_LINK_PAUSED;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    pause = NGX_OPSCOM_PAUSE_FIRST << ngx_min(link->failures, 6);
    pause = ngx_min(pause, NGX_OPSCOM_PAUSE_MOST);

    /* workers that lost Redis together must not come back together */

    pause -= ngx_random() % (pause / 4);

    link->failures++;

    ngx_add_timer(&link->retry, pause);
}


static void
ngx_opscom_link_report(
    ngx_opscom_link_t *link, const char *what, ngx_err_t err)
{
    if (link->down) {
        return;
    }

    link->down = 1;
    link->down_since = ngx_current_msec;
    link->refused = 0;

    ngx_log_error(NGX_LOG_ERR, &link->log, err,
        "opscom: redis %V is unavailable: %s", ngx_opscom_link_name(link),
        what);

    (void) ngx_atomic_fetch_add(
        &ngx_opscom_store_gauges(link->store)->down, 1);

    ngx_opscom_store_changed(link->store);
}


void
ngx_opscom_link_retry(ngx_event_t *ev)
{
    ngx_opscom_link_t *link;

    link = ev->data;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    link->trial = 1;

    (void) ngx_atomic_fetch_add(
        &link->store->counters->reconnects, 1);

    (void) ngx_opscom_link_open(link);
}
