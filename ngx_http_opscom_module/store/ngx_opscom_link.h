
/*
 * A link: the life of one connection to one Redis server, and the calls that
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

#include "ngx_opscom_call.h"
#include "ngx_opscom_outage.h"
#include "ngx_opscom_pipeline.h"
#include "ngx_opscom_settings.h"
#include "ngx_opscom_wait.h"


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
    ngx_opscom_wait_t                  wait;
    ngx_opscom_outage_t                outage;
    ngx_opscom_refusals_t              refusals;

    ngx_array_t                       *addresses; /* ngx_opscom_address_t */
    ngx_uint_t                         address;   /* the one in turn */
    ngx_uint_t                         tried;     /* of them, in this round */
    ngx_opscom_address_t              *target;    /* the one in use */
    ngx_opscom_named_address_t         named;     /* what a sentinel said */
    ngx_uint_t                         handshake; /* replies to wait for */

    ngx_queue_t                        waiting; /* calls, in their order */
    ngx_queue_t                        late;    /* sent calls that end before
                                                   their slots' deadlines */
    ngx_uint_t                         calls;   /* with a caller */
    ngx_uint_t                         failures; /* in a row */
    ngx_uint_t                         writes; /* 1: not only reads were sent */
    ngx_msec_t                         ready_at;
    ngx_msec_t                         deadline; /* of becoming ready */

    ngx_event_t                        open;  /* posted: connect */
    ngx_event_t                        timer; /* the nearest deadline */
    ngx_event_t                        pause; /* the back-off is over */

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

/* Cancels a call of this link without done(); it is in no queue then. */
void ngx_opscom_link_cancel(ngx_opscom_call_t *call);

/*
 * After error(): writes the call again on this connection, or lets it wait for
 * the next connection, or ends it, as its time and what may have been executed
 * allow.
 */
void ngx_opscom_link_repeat(ngx_opscom_link_t *link, ngx_opscom_call_t *call);
void ngx_opscom_link_retry(ngx_opscom_link_t *link, ngx_opscom_call_t *call);

/* Releases a call, which is in no queue: another link may take it. */
void ngx_opscom_link_part(ngx_opscom_link_t *link, ngx_opscom_call_t *call);

/* Writes a command of the handshake; NGX_ERROR without memory. */
ngx_int_t ngx_opscom_link_command(ngx_opscom_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step);

/* The handshake is over. */
void ngx_opscom_link_ready(ngx_opscom_link_t *link);

/* Connects to link->named instead, the master that a sentinel named. */
void ngx_opscom_link_follow(ngx_opscom_link_t *link);

/* Whether the link is, or is to be, connected to a sentinel. */
ngx_int_t ngx_opscom_link_is_to_sentinel(ngx_opscom_link_t *link);

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
void ngx_opscom_link_unused(ngx_opscom_link_t *link);

/* Whether it has neither calls nor commands in flight. */
ngx_int_t ngx_opscom_link_is_free(ngx_opscom_link_t *link);

/* The text of the address in use. */
#define ngx_opscom_link_name(link) (&(link)->target->text)

/* Closes permanently and logs nothing; remaining calls are dropped. */
void ngx_opscom_link_close(ngx_opscom_link_t *link);


/* For the files of the link alone: the one place where a state changes. */
void ngx_opscom_link_state(ngx_opscom_link_t *link,
    ngx_opscom_link_state_t state);

/* Posts the next attempt to connect. */
void ngx_opscom_link_reopen(ngx_opscom_link_t *link);


/*
 * ngx_opscom_link_timer.c: the timers of a link, for ngx_opscom_link.c alone.
 * _timeout() handles all deadlines that have passed, _back_off() pauses, and
 * _probe() tries again after that.
 */
void ngx_opscom_link_timeout(ngx_event_t *ev);
void ngx_opscom_link_back_off(ngx_opscom_link_t *link);
void ngx_opscom_link_probe(ngx_event_t *ev);


/*
 * ngx_opscom_link_calls.c: the calls of a link: waiting, sent and held calls,
 * and how they end; for the files of the link alone.
 */

/*
 * Writes a call of a link that is ready; NGX_ERROR without memory, with the
 * call as it was.
 */
ngx_int_t ngx_opscom_link_write(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call);

/* Lets a call wait for the link. */
void ngx_opscom_link_enqueue(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call);

/* Writes calls that wait, some at a time. */
void ngx_opscom_link_feed(ngx_opscom_link_t *link);

/* Takes the reply to a call, and that to WAIT: handlers of the pipeline. */
void ngx_opscom_link_reply(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
void ngx_opscom_link_replicated(void *data, ngx_opscom_reply_t *reply);

/*
 * The connection is lost: moves the calls that were sent or held to those that
 * wait, or to "ended".
 */
void ngx_opscom_link_recall(ngx_opscom_link_t *link, ngx_queue_t *ended);

/* Moves the calls that wait to "ended". */
void ngx_opscom_link_abandon(ngx_opscom_link_t *link, ngx_queue_t *ended);

/* Ends the calls whose own time is over. */
void ngx_opscom_link_expire(ngx_opscom_link_t *link);


#endif /* NGX_OPSCOM_LINK_H_INCLUDED */
