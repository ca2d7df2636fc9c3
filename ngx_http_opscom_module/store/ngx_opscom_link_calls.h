
/*
 * The calls of a link: who waits, who is sent, who is held, and how each of
 * them ends.  Used by ngx_opscom_link.c alone.
 */


#ifndef NGX_OPSCOM_LINK_CALLS_H_INCLUDED
#define NGX_OPSCOM_LINK_CALLS_H_INCLUDED


#include "ngx_opscom_link.h"


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

/* The nearest time of those; NGX_DECLINED: there is none. */
ngx_int_t ngx_opscom_link_calls_nearest(ngx_opscom_link_t *link,
    ngx_msec_t *nearest);


#endif /* NGX_OPSCOM_LINK_CALLS_H_INCLUDED */
