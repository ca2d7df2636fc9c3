
/*
 * A link: the life of one connection to one Redis server, for the calls that
 * are on it or wait for it.
 *
 *            send          ready            refused, no calls in flight
 *     IDLE --------> OPENING ----> READY ------> DRAINING
 *      ^               |  ^          |              |
 *      | lost, no      |  | lost     |              |
 *      | calls         |  +----------+              |
 *      |               v       lost again           |
 *      +---- READY   BACKOFF <-----------+----------+
 *                      |   ^             |
 *                      v   | failed      |
 *                    PROBING ---> READY -+
 *
 * A connection that is lost is opened again immediately, later attempts follow
 * after growing pauses.  Calls wait meanwhile, as long as the retry time of the
 * outage and their own time allow.
 */


#ifndef NGX_OPSCOM_LINK_H_INCLUDED
#define NGX_OPSCOM_LINK_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_exchange.h"


typedef enum {
    NGX_OPSCOM_LINK_IDLE,     /* opened by the next call */
    NGX_OPSCOM_LINK_OPENING,  /* first attempt */
    NGX_OPSCOM_LINK_READY,
    NGX_OPSCOM_LINK_DRAINING, /* closed when nothing is in flight */
    NGX_OPSCOM_LINK_BACKOFF,  /* until the next attempt */
    NGX_OPSCOM_LINK_PROBING,  /* attempt after a pause */
    NGX_OPSCOM_LINK_STATES
} ngx_opscom_link_state_t;


/* The handlers of the owner of a link. */

typedef struct {

    /*
     * The socket is connected: the owner does the handshake by commands of
     * its own, then calls ngx_opscom_link_ready().
     */
    void (*established)(ngx_opscom_link_t *link);

    /* An error is the reply to a call, which is in no queue now. */
    void (*error)(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
        ngx_str_t *text);

    /* The link has become ready, was lost, or an attempt has failed. */
    void (*changed)(ngx_opscom_link_t *link);
} ngx_opscom_link_handlers_t;


struct ngx_opscom_link_s {
    ngx_opscom_settings_t             *settings;
    ngx_opscom_account_t              *account;
    const ngx_opscom_link_handlers_t  *handlers;
    void                              *data; /* the owner's */

    ngx_opscom_link_state_t            state;
    ngx_opscom_pipeline_t              pipeline;
    ngx_opscom_calls_t                 calls;
    ngx_opscom_exchange_t              exchange;

    ngx_opscom_attempts_t              attempts;
    ngx_opscom_address_t              *target;    /* the address in use */
    ngx_opscom_named_address_t         named;     /* what a sentinel said */
    ngx_uint_t                         handshake; /* replies to wait for */
    ngx_msec_t                         ready_at;
    ngx_msec_t                         deadline;  /* of becoming ready */
    ngx_event_t                        open;      /* posted: connect */

    ngx_log_t                          log;
    ngx_log_t                          quiet; /* for what was logged once */
};


/* Makes an idle link; all that it is given must outlive it. */
void ngx_opscom_link_init(ngx_opscom_link_t *link,
    ngx_opscom_settings_t *settings, ngx_opscom_account_t *account,
    const ngx_opscom_link_handlers_t *handlers, void *data,
    ngx_array_t *addresses);

/*
 * Takes a call that is in no queue, and sends it now or later.  NGX_OK: it will
 * end.  NGX_DECLINED: Redis is down, NGX_ERROR: no memory; then the call
 * is as it was.
 */
ngx_int_t ngx_opscom_link_send(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call);

/* Cancels a call of a link without done(); it is in no queue then. */
#define ngx_opscom_link_cancel(call)                                          \
    ngx_opscom_calls_cancel(&(call)->link->calls, call)

/*
 * After error(): writes the call again on this connection, or lets it wait for
 * the next connection, or ends it, as its time and what may have been executed
 * allow.
 */
#define ngx_opscom_link_repeat(link, call)                                    \
    ngx_opscom_calls_repeat(&(link)->calls, call)
#define ngx_opscom_link_retry(link, call)                                     \
    ngx_opscom_calls_retry(&(link)->calls, call)

/* Releases a call, which is in no queue: another link may take it. */
#define ngx_opscom_link_part(link, call)                                      \
    ngx_opscom_calls_part(&(link)->calls, call)

/* Writes a command of the handshake; NGX_ERROR without memory. */
ngx_int_t ngx_opscom_link_command(ngx_opscom_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step);

/* The handshake is over. */
void ngx_opscom_link_ready(ngx_opscom_link_t *link);

/* Connects to link->named instead, the master that a sentinel named. */
void ngx_opscom_link_follow(ngx_opscom_link_t *link);

/* Whether the link is, or is to be, connected to a sentinel. */
#define ngx_opscom_link_is_to_sentinel(link)                                  \
    ((link)->settings->sentinel.len                                           \
     && (link)->target != &(link)->named.address)

/*
 * The connection has failed: closes it, lets its calls wait or end, and
 * schedules the next attempt; never connects immediately.  "what" and err
 * (errno, or 0) are for the log.
 */
void ngx_opscom_link_fail(ngx_opscom_link_t *link, const char *what,
    ngx_err_t err);

/* The same for an error of the server that is not temporary. */
void ngx_opscom_link_reject(ngx_opscom_link_t *link, ngx_str_t *text);

/* The server refuses for a temporary reason: uses another connection. */
void ngx_opscom_link_drain(ngx_opscom_link_t *link);

/* The server is not used any more: its refusals no longer count. */
#define ngx_opscom_link_unused(link) ngx_opscom_calls_unused(&(link)->calls)

/* Whether it has neither calls nor commands in flight. */
#define ngx_opscom_link_is_free(link) ngx_opscom_calls_is_free(&(link)->calls)

/* The text of the address in use. */
#define ngx_opscom_link_name(link) (&(link)->target->text)

/* Closes permanently and logs nothing; remaining calls are dropped. */
void ngx_opscom_link_close(ngx_opscom_link_t *link);


#endif /* NGX_OPSCOM_LINK_H_INCLUDED */
