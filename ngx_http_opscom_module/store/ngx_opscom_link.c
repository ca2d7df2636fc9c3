
/* The life of a link: how it opens, is used, fails and is opened again. */


#include "ngx_opscom_deadline.h"
#include "ngx_opscom_link.h"
#include "ngx_opscom_text.h"
#include "ngx_opscom_timeouts.h"


/* Whether the socket was opened, and is not ready yet. */

#define ngx_opscom_link_is_connecting(link)                                   \
    ((link)->pipeline.sock.state != NGX_OPSCOM_SOCKET_CLOSED                  \
     && ((link)->state == NGX_OPSCOM_LINK_OPENING                             \
         || (link)->state == NGX_OPSCOM_LINK_PROBING))

/* A connection that lasted this long counts as successful. */

#define NGX_OPSCOM_LINK_PROVEN 10000 /* ms */


static void ngx_opscom_link_state(ngx_opscom_link_t *link,
    ngx_opscom_link_state_t state);
static void ngx_opscom_link_open(ngx_opscom_link_t *link,
    ngx_opscom_link_state_t state);
static void ngx_opscom_link_target(ngx_opscom_link_t *link,
    ngx_opscom_address_t *address);
static void ngx_opscom_link_connect(ngx_event_t *ev);
static void ngx_opscom_link_connected(ngx_opscom_link_t *link);
static void ngx_opscom_link_error(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);
static void ngx_opscom_link_replicated(ngx_opscom_link_t *link, ngx_int_t rc);
static void ngx_opscom_link_proceed(ngx_opscom_link_t *link);
static void ngx_opscom_link_timeout(ngx_event_t *ev);
static ngx_uint_t ngx_opscom_link_next(ngx_opscom_link_t *link,
    ngx_opscom_link_state_t was);
static void ngx_opscom_link_lost(ngx_opscom_link_t *link,
    ngx_opscom_link_state_t was);
static void ngx_opscom_link_probe(ngx_event_t *ev);


static const ngx_opscom_exchange_handlers_t  ngx_opscom_link_handlers = {
    ngx_opscom_link_connected,
    ngx_opscom_link_fail,
    ngx_opscom_link_error,
    ngx_opscom_link_replicated,
    ngx_opscom_link_proceed
};


void
ngx_opscom_link_init(ngx_opscom_link_t *link, ngx_opscom_settings_t *settings,
    ngx_opscom_account_t *account, const ngx_opscom_link_handlers_t *handlers,
    void *data, ngx_array_t *addresses)
{
    ngx_memzero(link, sizeof(ngx_opscom_link_t));

    link->settings = settings;
    link->account = account;
    link->handlers = handlers;
    link->data = data;

    link->log = *ngx_cycle->log;
    link->log.handler = NULL;
    link->log.action = NULL;

    /* nginx would report each failed attempt, the link reports the first */

    link->quiet = link->log;
    link->quiet.log_level = ngx_min(link->quiet.log_level, NGX_LOG_ALERT);

    ngx_opscom_attempts_init(&link->attempts, addresses, ngx_opscom_link_probe,
                             link, &link->log);

    link->calls.link = link;
    link->calls.settings = settings;
    link->calls.account = account;
    link->calls.pipeline = &link->pipeline;
    link->calls.attempts = &link->attempts;
    link->calls.log = &link->log;

    ngx_opscom_calls_init(&link->calls, ngx_opscom_link_timeout);

    link->exchange.handlers = &ngx_opscom_link_handlers;
    link->exchange.link = link;
    link->exchange.calls = &link->calls;
    link->exchange.pipeline = &link->pipeline;

    ngx_opscom_exchange_init(&link->exchange, &link->quiet);

    ngx_opscom_link_target(link, addresses->elts);

    link->open.handler = ngx_opscom_link_connect;
    link->open.data = link;
    link->open.log = &link->log;
}


/* The one place where a state changes. */

static void
ngx_opscom_link_state(ngx_opscom_link_t *link, ngx_opscom_link_state_t state)
{
#if (NGX_DEBUG)
    static const char  *names[NGX_OPSCOM_LINK_STATES] = {
        "idle", "opening", "ready", "draining", "backoff", "probing"
    };

    ngx_log_debug5(NGX_LOG_DEBUG_CORE, &link->log, 0,
                   "opscom: redis %V: %s -> %s, calls:%ui failures:%ui",
                   ngx_opscom_link_name(link), names[link->state],
                   names[state], link->calls.count,
                   link->attempts.failures);
#endif

    link->state = state;
}


ngx_int_t
ngx_opscom_link_send(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    if (link->state == NGX_OPSCOM_LINK_READY
        && ngx_opscom_calls_may_write(&link->calls))
    {
        return ngx_opscom_calls_write(&link->calls, call);
    }

    switch (link->state) {

    case NGX_OPSCOM_LINK_IDLE:
        ngx_opscom_link_open(link, NGX_OPSCOM_LINK_OPENING);
        break;

    case NGX_OPSCOM_LINK_READY:
    case NGX_OPSCOM_LINK_OPENING:
        break;

    default:
        if (call->once || !ngx_opscom_outage_may_wait(&link->calls.outage)) {
            link->calls.outage.ended++;
            return NGX_DECLINED;
        }
    }

    ngx_opscom_calls_enqueue(&link->calls, call);

    return NGX_OK;
}


/* Connecting is posted: the caller may be in the middle of a change. */

static void
ngx_opscom_link_open(ngx_opscom_link_t *link, ngx_opscom_link_state_t state)
{
    ngx_opscom_link_state(link, state);
    ngx_opscom_link_target(link, ngx_opscom_attempts_begin(&link->attempts));

    ngx_post_event(&link->open, &ngx_posted_events);
}


static void
ngx_opscom_link_target(ngx_opscom_link_t *link, ngx_opscom_address_t *address)
{
    link->target = address;
    link->calls.name = &address->text;
}


static void
ngx_opscom_link_connect(ngx_event_t *ev)
{
    ngx_opscom_link_t  *link;

    link = ev->data;

    link->deadline = ngx_current_msec + link->settings->connect_timeout;
    ngx_opscom_deadline_arm(&link->calls.timer, link->deadline);

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, &link->log, 0,
                   "opscom: redis %V: connect", ngx_opscom_link_name(link));

    ngx_opscom_socket_open(&link->pipeline.sock, link->target,
                           link->calls.outage.kind == NGX_OPSCOM_OUTAGE_LOST
                           ? &link->quiet : &link->log);
}


static void
ngx_opscom_link_connected(ngx_opscom_link_t *link)
{
    link->handshake = 0;
    link->handlers->established(link);
}


ngx_int_t
ngx_opscom_link_command(ngx_opscom_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step)
{
    link->handshake++;

    return ngx_opscom_pipeline_command(&link->pipeline, argv, argc, step,
                                       link, link->deadline);
}


void
ngx_opscom_link_ready(ngx_opscom_link_t *link)
{
    link->ready_at = ngx_current_msec;
    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_READY);

    ngx_opscom_socket_log(&link->pipeline.sock, &link->log);

    ngx_opscom_outage_connected(&link->calls.outage, link->account, &link->log,
                                ngx_opscom_link_name(link));

    ngx_opscom_calls_feed(&link->calls);
    link->handlers->changed(link);
}


void
ngx_opscom_link_follow(ngx_opscom_link_t *link)
{
    ngx_opscom_pipeline_close(&link->pipeline);

    ngx_opscom_link_target(link, &link->named.address);
    ngx_post_event(&link->open, &ngx_posted_events);
}


/* After commands were answered, or cancelled before they were written. */

static void
ngx_opscom_link_proceed(ngx_opscom_link_t *link)
{
    if (link->state == NGX_OPSCOM_LINK_DRAINING
        && ngx_opscom_inflight_count(&link->pipeline.inflight) == 0)
    {
        ngx_opscom_link_fail(link, "server refuses writes", 0);
        return;
    }

    if (link->state == NGX_OPSCOM_LINK_READY
        && !ngx_queue_empty(&link->calls.waiting))
    {
        ngx_opscom_calls_feed(&link->calls);
    }
}


static void
ngx_opscom_link_error(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_str_t *text)
{
    link->handlers->error(link, call, text);
}


/* There is no next WAIT on a connection that is left. */

static void
ngx_opscom_link_replicated(ngx_opscom_link_t *link, ngx_int_t rc)
{
    if (rc == NGX_AGAIN) {
        ngx_opscom_link_drain(link);
    }

    if (rc == NGX_DECLINED && link->state != NGX_OPSCOM_LINK_READY) {
        rc = NGX_AGAIN;
    }

    ngx_opscom_calls_release(&link->calls, rc);
}


static void
ngx_opscom_link_timeout(ngx_event_t *ev)
{
    ngx_uint_t          connecting;
    ngx_opscom_link_t  *link;

    link = ev->data;

    ngx_opscom_timeouts_expire(&link->calls);

    connecting = ngx_opscom_link_is_connecting(link);

    if (connecting && ngx_opscom_deadline_passed(link->deadline)) {
        ngx_opscom_link_fail(link, "no connection in time", 0);

    } else if (!connecting && ngx_opscom_timeouts_is_overdue(&link->calls)) {
        ngx_opscom_link_fail(link, "no reply in time", 0);
    }

    ngx_opscom_timeouts_arm(&link->calls);

    if (ngx_opscom_link_is_connecting(link)) {
        ngx_opscom_deadline_arm(&link->calls.timer, link->deadline);
    }
}


void
ngx_opscom_link_reject(ngx_opscom_link_t *link, ngx_str_t *text)
{
    u_char  shown[NGX_OPSCOM_TEXT_SHOWN + 1];

    shown[ngx_opscom_text_show(shown, NGX_OPSCOM_TEXT_SHOWN, text)] = '\0';

    link->attempts.failures = ngx_max(link->attempts.failures, 1);

    ngx_opscom_outage_begin(&link->calls.outage, link->account,
                            link->settings->retry, &link->log,
                            ngx_opscom_link_name(link), shown, 0);
    ngx_opscom_outage_lasts(&link->calls.outage);

    ngx_opscom_link_fail(link, (char *) shown, 0);
}


void
ngx_opscom_link_drain(ngx_opscom_link_t *link)
{
    if (link->state != NGX_OPSCOM_LINK_READY) {
        return;
    }

    ngx_opscom_outage_refused(&link->calls.outage, link->settings->retry);
    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_DRAINING);
}


void
ngx_opscom_link_fail(ngx_opscom_link_t *link, const char *what, ngx_err_t err)
{
    u_char                   shown[NGX_OPSCOM_TEXT_SHOWN + 1];
    ngx_str_t                text;
    ngx_queue_t              ended;
    ngx_uint_t               free;
    ngx_opscom_link_state_t  was;

    /* the text may be a part of what is closed */

    text.data = (u_char *) what;
    text.len = ngx_strlen(what);
    shown[ngx_opscom_text_show(shown, NGX_OPSCOM_TEXT_SHOWN, &text)] = '\0';

    was = link->state;
    free = ngx_opscom_link_is_free(link);

    ngx_queue_init(&ended);
    ngx_opscom_calls_recall(&link->calls, &ended);
    ngx_opscom_pipeline_close(&link->pipeline);

    if (was == NGX_OPSCOM_LINK_READY && free) {
        ngx_log_error(NGX_LOG_INFO, &link->log, err,
                      "opscom: redis %V: %s while idle",
                      ngx_opscom_link_name(link), shown);
        ngx_opscom_link_state(link, NGX_OPSCOM_LINK_IDLE);
        return;
    }

    if (!ngx_opscom_link_next(link, was)) {

        /* a server is left after a refusal, which was reported then */

        if (was != NGX_OPSCOM_LINK_DRAINING) {
            ngx_opscom_outage_begin(&link->calls.outage, link->account,
                                    link->settings->retry, &link->log,
                                    ngx_opscom_link_name(link), shown, err);
        }

        ngx_opscom_link_lost(link, was);
    }

    if (link->state == NGX_OPSCOM_LINK_BACKOFF
        && !ngx_opscom_outage_may_wait(&link->calls.outage))
    {
        ngx_opscom_calls_abandon(&link->calls, &ended);
    }

    ngx_opscom_call_finish(&ended);
    link->handlers->changed(link);
}


/* While it is being opened: whether there is another address to try. */

static ngx_uint_t
ngx_opscom_link_next(ngx_opscom_link_t *link, ngx_opscom_link_state_t was)
{
    ngx_opscom_address_t  *next;

    if (was != NGX_OPSCOM_LINK_OPENING && was != NGX_OPSCOM_LINK_PROBING) {
        return 0;
    }

    next = ngx_opscom_attempts_next(&link->attempts);

    if (next == NULL) {
        return 0;
    }

    ngx_opscom_link_target(link, next);
    ngx_post_event(&link->open, &ngx_posted_events);

    return 1;
}


/* What comes after a connection that was, or was to be, used. */

static void
ngx_opscom_link_lost(ngx_opscom_link_t *link, ngx_opscom_link_state_t was)
{
    ngx_uint_t  opened, awaited;

    opened = (was == NGX_OPSCOM_LINK_READY || was == NGX_OPSCOM_LINK_DRAINING);

    if (opened
        && ngx_current_msec - link->ready_at > NGX_OPSCOM_LINK_PROVEN)
    {
        link->attempts.failures = 0;
    }

    if (was != NGX_OPSCOM_LINK_READY) {
        ngx_opscom_attempts_skip(&link->attempts);
    }

    link->attempts.failures++;

    if (opened && link->attempts.failures == 1) {
        ngx_opscom_link_open(link, NGX_OPSCOM_LINK_OPENING);
        return;
    }

    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_BACKOFF);

    awaited = link->calls.count
              && ngx_opscom_outage_may_wait(&link->calls.outage);

    ngx_opscom_attempts_back_off(&link->attempts,
                                 awaited ? link->settings->retry : 0);
}


/* An exiting worker opens no connection without a call that waits for it. */

static void
ngx_opscom_link_probe(ngx_event_t *ev)
{
    ngx_opscom_link_t  *link;

    link = ev->data;

    if ((ngx_exiting || ngx_terminate) && link->calls.count == 0) {
        ngx_opscom_link_state(link, NGX_OPSCOM_LINK_IDLE);
        return;
    }

    (void) ngx_atomic_fetch_add(&link->account->counters->reconnects, 1);

    ngx_opscom_link_open(link, NGX_OPSCOM_LINK_PROBING);
}


void
ngx_opscom_link_close(ngx_opscom_link_t *link)
{
    ngx_opscom_pipeline_close(&link->pipeline);

    if (link->open.posted) {
        ngx_delete_posted_event(&link->open);
    }

    ngx_opscom_attempts_close(&link->attempts);
    ngx_opscom_calls_close(&link->calls);

    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_IDLE);
}
