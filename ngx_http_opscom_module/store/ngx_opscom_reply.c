
/* What a reply means for the call that it answers. */


#include "ngx_opscom_link.h"


#define NGX_OPSCOM_MAX_TURNS 5


typedef void (*ngx_opscom_error_pt)(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);


static void ngx_opscom_reply_error(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_reply_refused(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_reply_noscript(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_reply_readonly(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_reply_moved(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_reply_ask(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_reply_clusterdown(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_reply_follow(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply, ngx_uint_t ask);
static void ngx_opscom_reply_end(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome);


/* Any other error is a refusal: the scripts leave nothing behind. */

static const struct {
    ngx_str_t           word;
    ngx_opscom_error_pt take;
} ngx_opscom_errors[] = {
    { ngx_string("NOSCRIPT"), ngx_opscom_reply_noscript },
    { ngx_string("READONLY"), ngx_opscom_reply_readonly },
    { ngx_string("MOVED "), ngx_opscom_reply_moved },
    { ngx_string("ASK "), ngx_opscom_reply_ask },
    { ngx_string("CLUSTERDOWN"), ngx_opscom_reply_clusterdown },
};


void
ngx_opscom_reply_take(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_opscom_reply_error(link, call, reply);
        return;
    }

    link->failures = 0;
    ngx_opscom_store_accepted(link->store, link);

    if (call->read(call, reply) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, &link->log, 0,
            "opscom: redis %V sent a reply of a wrong shape",
            ngx_opscom_link_name(link));

        ngx_opscom_reply_end(link, call, NGX_OPSCOM_UNKNOWN);
        return;
    }

    if (call->replicas) {
        call->state = NGX_OPSCOM_CALL_HELD;
        ngx_queue_insert_tail(&link->held, &call->queue);
        return;
    }

    ngx_opscom_reply_end(link, call, NGX_OPSCOM_DONE);
}


static void
ngx_opscom_reply_error(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_str_t *word;
    ngx_uint_t i;

    for (i = 0; i < sizeof(ngx_opscom_errors) / sizeof(ngx_opscom_errors[0]);
         i++) {
        word = (ngx_str_t *) &ngx_opscom_errors[i].word;

        if (reply->text.len >= word->len
            && ngx_strncmp(reply->text.data, word->data, word->len) == 0)
        {
            ngx_opscom_errors[i].take(link, call, reply);
            return;
        }
    }

    ngx_opscom_reply_refused(link, call, reply);
}


static void
ngx_opscom_reply_refused(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_opscom_store_refused(link->store, link, &reply->text);
    ngx_opscom_reply_end(link, call, NGX_OPSCOM_UNAVAILABLE);
}


/* EVAL executes and loads in one. */

static void
ngx_opscom_reply_noscript(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    if (call->script == NULL || call->turns++ == NGX_OPSCOM_MAX_TURNS) {
        ngx_opscom_reply_refused(link, call, reply);
        return;
    }

    call->by_source = 1;

    if (ngx_opscom_link_submit(link, call) != NGX_OK) {
        ngx_opscom_reply_end(link, call, NGX_OPSCOM_UNAVAILABLE);
    }
}


/* The master has become a replica: another address may be the master now. */

static void
ngx_opscom_reply_readonly(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_opscom_link_retire(link);
    ngx_opscom_reply_refused(link, call, reply);
}


static void
ngx_opscom_reply_moved(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_opscom_reply_follow(link, call, reply, 0);
}


static void
ngx_opscom_reply_ask(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_opscom_reply_follow(link, call, reply, 1);
}


static void
ngx_opscom_reply_follow(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply, ngx_uint_t ask)
{
    if (link->store->cluster == NULL || call->turns++ == NGX_OPSCOM_MAX_TURNS)
    {
        ngx_opscom_reply_refused(link, call, reply);
        return;
    }

    if (ngx_opscom_cluster_moved(link, call, &reply->text, ask) != NGX_OK) {
        ngx_opscom_reply_end(link, call, NGX_OPSCOM_UNAVAILABLE);
    }
}


static void
ngx_opscom_reply_clusterdown(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_opscom_store_changed(link->store);
    ngx_opscom_reply_refused(link, call, reply);
}


void
ngx_opscom_reply_replicas(ngx_opscom_link_t *link, ngx_opscom_reply_t *reply)
{
    ngx_queue_t          held, *q;
    ngx_opscom_call_t   *call;
    ngx_opscom_outcome_t outcome;

    ngx_queue_init(&held);

    if (ngx_queue_empty(&link->held)) {
        return;
    }

    ngx_queue_add(&held, &link->held);
    ngx_queue_init(&link->held);

    while (!ngx_queue_empty(&held)) {
        q = ngx_queue_head(&held);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_opscom_call_t, queue);

        /* stored here, but not there yet */

        outcome = (reply->type == REDIS_REPLY_INTEGER
                      && reply->integer >= (int64_t) call->replicas)
            ? NGX_OPSCOM_DONE
            : NGX_OPSCOM_UNKNOWN;

        ngx_opscom_reply_end(link, call, outcome);
    }
}


static void
ngx_opscom_reply_end(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome)
{
    call->state = NGX_OPSCOM_CALL_NEW;

    ngx_opscom_store_ended(link->store);
    call->done(call, outcome);
}
