
/* The timers of a link: the nearest deadline, and pauses between attempts. */


#include "ngx_opscom_backoff.h"
#include "ngx_opscom_deadline.h"
#include "ngx_opscom_link.h"
#include "ngx_opscom_retry.h"


/* While calls wait, a pause is at most this part of opscom_redis_retry. */

#define NGX_OPSCOM_LINK_ATTEMPTS 20


static ngx_uint_t ngx_opscom_link_nearest(ngx_opscom_link_t *link,
    ngx_msec_t *nearest);
static ngx_uint_t ngx_opscom_link_earlier(ngx_msec_t *nearest, ngx_uint_t n,
    ngx_msec_t deadline);


void
ngx_opscom_link_back_off(ngx_opscom_link_t *link)
{
    ngx_msec_t  most;

    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_BACKOFF);

    most = NGX_OPSCOM_BACKOFF_MOST;

    if (link->calls && link->settings->retry
        && ngx_opscom_outage_may_wait(&link->outage))
    {
        most = ngx_min(most, link->settings->retry / NGX_OPSCOM_LINK_ATTEMPTS);
        most = ngx_max(most, NGX_OPSCOM_BACKOFF_FIRST);
    }

    ngx_add_timer(&link->pause, ngx_opscom_backoff(link->failures, most));
}


/* An exiting worker opens no connection without a call that waits for it. */

void
ngx_opscom_link_probe(ngx_event_t *ev)
{
    ngx_opscom_link_t  *link;

    link = ev->data;

    if ((ngx_exiting || ngx_terminate) && link->calls == 0) {
        ngx_opscom_link_state(link, NGX_OPSCOM_LINK_IDLE);
        return;
    }

    (void) ngx_atomic_fetch_add(&link->account->counters->reconnects, 1);

    link->tried = 1;
    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_PROBING);
    ngx_opscom_link_reopen(link);
}


void
ngx_opscom_link_timeout(ngx_event_t *ev)
{
    ngx_msec_t          nearest;
    ngx_opscom_slot_t  *slot;
    ngx_opscom_link_t  *link;

    link = ev->data;

    ngx_opscom_link_expire(link);

    if (link->pipeline.sock.state != NGX_OPSCOM_SOCKET_CLOSED) {
        slot = ngx_opscom_inflight_head(&link->pipeline.inflight);

        if (link->state == NGX_OPSCOM_LINK_OPENING
            || link->state == NGX_OPSCOM_LINK_PROBING)
        {
            if (ngx_opscom_deadline_passed(link->deadline)) {
                ngx_opscom_link_fail(link, "no connection in time", 0);
            }

        } else if (slot && ngx_opscom_deadline_passed(slot->deadline)) {
            ngx_opscom_link_fail(link, "no reply in time", 0);
        }
    }

    if (ngx_opscom_link_nearest(link, &nearest)) {
        ngx_opscom_deadline_arm(&link->timer, nearest);
    }
}


/* Returns 0 where nothing has a deadline. */

static ngx_uint_t
ngx_opscom_link_nearest(ngx_opscom_link_t *link, ngx_msec_t *nearest)
{
    ngx_uint_t          n;
    ngx_opscom_call_t  *waiting, *late;
    ngx_opscom_slot_t  *slot;

    n = 0;
    *nearest = 0;

    waiting = ngx_opscom_retry_head(&link->waiting);
    late = ngx_opscom_retry_head(&link->late);

    if (waiting) {
        n = ngx_opscom_link_earlier(nearest, n, waiting->until);
    }

    if (late) {
        n = ngx_opscom_link_earlier(nearest, n, late->deadline);
    }

    if (link->pipeline.sock.state == NGX_OPSCOM_SOCKET_CLOSED) {
        return n;
    }

    if (link->state == NGX_OPSCOM_LINK_OPENING
        || link->state == NGX_OPSCOM_LINK_PROBING)
    {
        return ngx_opscom_link_earlier(nearest, n, link->deadline);
    }

    slot = ngx_opscom_inflight_head(&link->pipeline.inflight);

    return slot ? ngx_opscom_link_earlier(nearest, n, slot->deadline) : n;
}


/* n is how many were compared before, of which *nearest is the nearest. */

static ngx_uint_t
ngx_opscom_link_earlier(ngx_msec_t *nearest, ngx_uint_t n,
    ngx_msec_t deadline)
{
    if (n == 0 || ngx_opscom_deadline_is_before(deadline, *nearest)) {
        *nearest = deadline;
    }

    return n + 1;
}
