
/* The life of a link: how it opens, is used, fails and is opened again. */


#include "ngx_opscom_deadline.h"
#include "ngx_opscom_link.h"
#include "ngx_opscom_text.h"


/* A connection that lasted this long counts as successful. */

#define NGX_OPSCOM_LINK_PROVEN 10000 /* ms */

static void ngx_opscom_link_connect(ngx_event_t *ev);
static void ngx_opscom_link_connected(ngx_opscom_socket_t *sock);
static void ngx_opscom_link_readable(ngx_opscom_socket_t *sock);
static void ngx_opscom_link_writable(ngx_opscom_socket_t *sock);
static void ngx_opscom_link_failed(ngx_opscom_socket_t *sock,
    const char *what, ngx_err_t err);
static void ngx_opscom_link_proceed(ngx_opscom_link_t *link);
static void ngx_opscom_link_flush(ngx_event_t *ev);
static void ngx_opscom_link_lost(ngx_opscom_link_t *link,
    ngx_opscom_link_state_t was);
static ngx_int_t ngx_opscom_link_is_ready(ngx_opscom_link_t *link);


static const ngx_opscom_socket_handlers_t  ngx_opscom_link_socket_handlers = {
    ngx_opscom_link_connected,
    ngx_opscom_link_readable,
    ngx_opscom_link_writable,
    ngx_opscom_link_failed
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
    link->addresses = addresses;
    link->target = addresses->elts;

    link->log = *ngx_cycle->log;
    link->log.handler = NULL;
    link->log.action = NULL;

    /* nginx would report each failed attempt, the link reports the first */

    link->quiet = link->log;
    link->quiet.log_level = ngx_min(link->quiet.log_level, NGX_LOG_ALERT);

    ngx_queue_init(&link->waiting);
    ngx_queue_init(&link->late);
    ngx_opscom_wait_init(&link->wait);

    ngx_opscom_pipeline_init(&link->pipeline, ngx_opscom_link_reply,
                             ngx_opscom_link_flush, link, &link->log);

    link->pipeline.sock.handlers = &ngx_opscom_link_socket_handlers;
    link->pipeline.sock.settings = settings;
    link->pipeline.sock.data = link;
    link->pipeline.sock.quiet = &link->quiet;

    link->open.handler = ngx_opscom_link_connect;
    link->timer.handler = ngx_opscom_link_timeout;
    link->pause.handler = ngx_opscom_link_probe;

    link->open.data = link;
    link->timer.data = link;
    link->pause.data = link;

    link->open.log = &link->log;
    link->timer.log = &link->log;
    link->pause.log = &link->log;

    link->timer.cancelable = 1;
    link->pause.cancelable = 1;
}


/* The one place where a state changes. */

void
ngx_opscom_link_state(ngx_opscom_link_t *link, ngx_opscom_link_state_t state)
{
#if (NGX_DEBUG)
    static const char  *names[NGX_OPSCOM_LINK_STATES] = {
        "idle", "opening", "ready", "draining", "backoff", "probing"
    };

    ngx_log_debug5(NGX_LOG_DEBUG_CORE, &link->log, 0,
                   "opscom: redis %V: %s -> %s, calls:%ui failures:%ui",
                   ngx_opscom_link_name(link), names[link->state],
                   names[state], link->calls, link->failures);
#endif

    link->state = state;
}


ngx_int_t
ngx_opscom_link_send(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    if (ngx_opscom_link_is_ready(link)) {
        return ngx_opscom_link_write(link, call);
    }

    switch (link->state) {

    case NGX_OPSCOM_LINK_IDLE:
        link->tried = 1;
        ngx_opscom_link_state(link, NGX_OPSCOM_LINK_OPENING);
        ngx_opscom_link_reopen(link);
        break;

    case NGX_OPSCOM_LINK_READY:
    case NGX_OPSCOM_LINK_OPENING:
        break;

    default:
        if (call->once || !ngx_opscom_outage_may_wait(&link->outage)) {
            link->outage.ended++;
            return NGX_DECLINED;
        }
    }

    ngx_opscom_link_enqueue(link, call);

    return NGX_OK;
}


/* Whether the link can send a call now. */

static ngx_int_t
ngx_opscom_link_is_ready(ngx_opscom_link_t *link)
{
    return link->state == NGX_OPSCOM_LINK_READY
           && ngx_queue_empty(&link->waiting)
           && link->wait.state != NGX_OPSCOM_WAIT_PENDING;
}


ngx_int_t
ngx_opscom_link_is_free(ngx_opscom_link_t *link)
{
    return link->calls == 0
           && ngx_opscom_inflight_count(&link->pipeline.inflight) == 0;
}


/* Connecting is posted: the caller may be in the middle of a change. */

void
ngx_opscom_link_reopen(ngx_opscom_link_t *link)
{
    ngx_opscom_address_t  *addresses;

    addresses = link->addresses->elts;
    link->target = &addresses[link->address];

    ngx_post_event(&link->open, &ngx_posted_events);
}


static void
ngx_opscom_link_connect(ngx_event_t *ev)
{
    ngx_opscom_link_t  *link;

    link = ev->data;

    link->deadline = ngx_current_msec + link->settings->connect_timeout;
    ngx_opscom_deadline_arm(&link->timer, link->deadline);

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, &link->log, 0,
                   "opscom: redis %V: connect", ngx_opscom_link_name(link));

    ngx_opscom_socket_open(&link->pipeline.sock, link->target,
                           link->outage.kind == NGX_OPSCOM_OUTAGE_LOST
                           ? &link->quiet : &link->log);
}


static void
ngx_opscom_link_connected(ngx_opscom_socket_t *sock)
{
    ngx_opscom_link_t  *link;

    link = sock->data;
    link->handshake = 0;

    if (ngx_opscom_pipeline_open(&link->pipeline) != NGX_OK) {
        ngx_opscom_link_fail(link, "no memory", 0);
        return;
    }

    link->handlers->established(link);
}


ngx_int_t
ngx_opscom_link_command(ngx_opscom_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step)
{
    link->handshake++;

    return ngx_opscom_pipeline_command(&link->pipeline, argv, argc, step,
                                       link->deadline);
}


void
ngx_opscom_link_ready(ngx_opscom_link_t *link)
{
    link->ready_at = ngx_current_msec;
    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_READY);

    ngx_opscom_socket_log(&link->pipeline.sock, &link->log);

    ngx_opscom_outage_connected(&link->outage, link->account, &link->log,
                                ngx_opscom_link_name(link));

    ngx_opscom_link_feed(link);
    link->handlers->changed(link);
}


ngx_int_t
ngx_opscom_link_is_to_sentinel(ngx_opscom_link_t *link)
{
    return link->settings->sentinel.len
           && link->target != &link->named.address;
}


void
ngx_opscom_link_follow(ngx_opscom_link_t *link)
{
    ngx_opscom_pipeline_close(&link->pipeline);

    link->target = &link->named.address;
    ngx_post_event(&link->open, &ngx_posted_events);
}


static void
ngx_opscom_link_readable(ngx_opscom_socket_t *sock)
{
    ngx_opscom_link_t  *link;

    link = sock->data;

    if (ngx_opscom_pipeline_receive(&link->pipeline) == NGX_OK) {
        ngx_opscom_link_proceed(link);
    }
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

    if (!ngx_queue_empty(&link->waiting)) {
        ngx_opscom_link_feed(link);
    }
}


static void
ngx_opscom_link_writable(ngx_opscom_socket_t *sock)
{
    ngx_opscom_link_t  *link;

    link = sock->data;

    (void) ngx_opscom_pipeline_send(&link->pipeline);
}


static void
ngx_opscom_link_flush(ngx_event_t *ev)
{
    ngx_opscom_link_t  *link;

    link = ev->data;

    if (ngx_opscom_wait_flush(&link->wait, &link->pipeline, link->settings,
                              ngx_opscom_link_replicated)
        != NGX_OK)
    {
        ngx_opscom_link_fail(link, "no memory", 0);
        return;
    }

    /* between two WAITs, the timer may have fired with nothing in flight */

    if (link->wait.state == NGX_OPSCOM_WAIT_PENDING) {
        ngx_opscom_deadline_arm(&link->timer,
                                ngx_current_msec + link->settings->timeout);
    }

    if (ngx_opscom_pipeline_send(&link->pipeline) == NGX_OK) {
        ngx_opscom_link_proceed(link);
    }
}


static void
ngx_opscom_link_failed(ngx_opscom_socket_t *sock, const char *what,
    ngx_err_t err)
{
    ngx_opscom_link_fail(sock->data, what, err);
}


void
ngx_opscom_link_reject(ngx_opscom_link_t *link, ngx_str_t *text)
{
    u_char  shown[NGX_OPSCOM_TEXT_SHOWN + 1];

    shown[ngx_opscom_text_show(shown, NGX_OPSCOM_TEXT_SHOWN, text)] = '\0';

    link->failures = ngx_max(link->failures, 1);

    ngx_opscom_outage_begin(&link->outage, link->account,
                            link->settings->retry, &link->log,
                            ngx_opscom_link_name(link), shown, 0);
    ngx_opscom_outage_lasts(&link->outage);

    ngx_opscom_link_fail(link, (char *) shown, 0);
}


void
ngx_opscom_link_drain(ngx_opscom_link_t *link)
{
    if (link->state != NGX_OPSCOM_LINK_READY) {
        return;
    }

    ngx_opscom_outage_refused(&link->outage, link->settings->retry);
    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_DRAINING);
}


void
ngx_opscom_link_unused(ngx_opscom_link_t *link)
{
    ngx_opscom_outage_written(&link->outage);
    ngx_opscom_account_forget(link->account, &link->refusals);
}


void
ngx_opscom_link_fail(ngx_opscom_link_t *link, const char *what, ngx_err_t err)
{
    size_t                   len;
    u_char                   shown[NGX_OPSCOM_TEXT_SHOWN + 1];
    ngx_str_t                text;
    ngx_queue_t              ended;
    ngx_uint_t               free;
    ngx_opscom_link_state_t  was;

    /* the text may be a part of what is closed */

    text.data = (u_char *) what;
    text.len = ngx_strlen(what);
    len = ngx_opscom_text_show(shown, NGX_OPSCOM_TEXT_SHOWN, &text);
    shown[len] = '\0';

    was = link->state;
    free = ngx_opscom_link_is_free(link);

    ngx_queue_init(&ended);
    ngx_opscom_link_recall(link, &ended);
    ngx_opscom_pipeline_close(&link->pipeline);

    if (was == NGX_OPSCOM_LINK_READY && free) {
        ngx_log_error(NGX_LOG_INFO, &link->log, err,
                      "opscom: redis %V: %s while idle",
                      ngx_opscom_link_name(link), shown);
        ngx_opscom_link_state(link, NGX_OPSCOM_LINK_IDLE);
        return;
    }

    if ((was == NGX_OPSCOM_LINK_OPENING || was == NGX_OPSCOM_LINK_PROBING)
        && link->tried < link->addresses->nelts)
    {
        link->tried++;
        link->address = (link->address + 1) % link->addresses->nelts;
        ngx_opscom_link_reopen(link);

    } else {

        /* a server is left after a refusal, which was reported then */

        if (was != NGX_OPSCOM_LINK_DRAINING) {
            ngx_opscom_outage_begin(&link->outage, link->account,
                                    link->settings->retry, &link->log,
                                    ngx_opscom_link_name(link), shown, err);
        }

        ngx_opscom_link_lost(link, was);
    }

    if (link->state == NGX_OPSCOM_LINK_BACKOFF
        && !ngx_opscom_outage_may_wait(&link->outage))
    {
        ngx_opscom_link_abandon(link, &ended);
    }

    ngx_opscom_call_finish(&ended);
    link->handlers->changed(link);
}


/* What comes after a connection that was, or was to be, used. */

static void
ngx_opscom_link_lost(ngx_opscom_link_t *link, ngx_opscom_link_state_t was)
{
    ngx_uint_t  opened;

    opened = (was == NGX_OPSCOM_LINK_READY || was == NGX_OPSCOM_LINK_DRAINING);

    if (opened
        && ngx_current_msec - link->ready_at > NGX_OPSCOM_LINK_PROVEN)
    {
        link->failures = 0;
    }

    if (was != NGX_OPSCOM_LINK_READY) {
        link->address = (link->address + 1) % link->addresses->nelts;
    }

    link->failures++;

    if (opened && link->failures == 1) {
        link->tried = 1;
        ngx_opscom_link_state(link, NGX_OPSCOM_LINK_OPENING);
        ngx_opscom_link_reopen(link);
        return;
    }

    ngx_opscom_link_back_off(link);
}


void
ngx_opscom_link_close(ngx_opscom_link_t *link)
{
    ngx_opscom_pipeline_close(&link->pipeline);

    if (link->open.posted) {
        ngx_delete_posted_event(&link->open);
    }

    if (link->pause.timer_set) {
        ngx_del_timer(&link->pause);
    }

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    ngx_opscom_outage_forget(&link->outage, link->account);
    ngx_opscom_account_forget(link->account, &link->refusals);

    ngx_opscom_link_state(link, NGX_OPSCOM_LINK_IDLE);
}
