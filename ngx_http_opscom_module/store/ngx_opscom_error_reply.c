
/*
 * What an error of Redis means for the call that it answers: redirections and
 * lost scripts are followed, temporary refusals are waited out, all others are
 * final.  The scripts leave nothing behind when they fail.
 */


#include "ngx_opscom_error_reply.h"
#include "ngx_opscom_redirect.h"
#include "ngx_opscom_text.h"


typedef ngx_int_t (*ngx_opscom_error_reply_pt)(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);


static ngx_int_t ngx_opscom_error_reply_noscript(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);
static ngx_int_t ngx_opscom_error_reply_redirect(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);
static ngx_int_t ngx_opscom_error_reply_ask(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);
static ngx_int_t ngx_opscom_error_reply_later(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);
static void ngx_opscom_error_reply_refused(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);


static const struct {
    ngx_str_t                  word;
    ngx_opscom_error_reply_pt  handler; /* NGX_OK: the call is handled */
} ngx_opscom_error_replies[] = {
    { ngx_string("NOSCRIPT "), ngx_opscom_error_reply_noscript },
    { ngx_string("MOVED "), ngx_opscom_error_reply_redirect },
    { ngx_string("ASK "), ngx_opscom_error_reply_ask },
    { ngx_string("CLUSTERDOWN "), ngx_opscom_error_reply_later },
    { ngx_string("TRYAGAIN "), ngx_opscom_error_reply_later },
    { ngx_null_string, NULL }
};


/*
 * What Redis says to a script whose slot is being moved, or not served by all.
 * The command was not executed, and the scripts undo those before it.
 */

static char  *ngx_opscom_error_reply_passing[] = {
    "access a non local key",
    "accessed during rehashing", /* from Redis 8.0 */
    "while the cluster is down", /* cluster-allow-reads-when-down */
    NULL
};


void
ngx_opscom_error_reply(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_str_t *text)
{
    ngx_str_t   word;
    ngx_uint_t  i;

    for (i = 0; ngx_opscom_error_replies[i].handler; i++) {
        word = ngx_opscom_error_replies[i].word;

        if (!ngx_opscom_text_starts_with(text, &word)) {
            continue;
        }

        if (ngx_opscom_error_replies[i].handler(link, call, text) == NGX_OK) {
            return;
        }

        break;
    }

    if (ngx_opscom_text_has_any(text, ngx_opscom_error_reply_passing)) {
        (void) ngx_opscom_error_reply_later(link, call, text);
        return;
    }

    ngx_opscom_error_reply_refused(link, call, text);
}


/* EVAL executes and loads in one. */

static ngx_int_t
ngx_opscom_error_reply_noscript(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text)
{
    if (call->script == NULL || call->redirects++ == NGX_OPSCOM_REDIRECTS) {
        return NGX_DECLINED;
    }

    call->by_source = 1;
    ngx_opscom_link_repeat(link, call);

    return NGX_OK;
}


static ngx_int_t
ngx_opscom_error_reply_redirect(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text)
{
    ngx_opscom_node_t  *node;

    node = link->data;

    if (node->nodes->cluster == NULL) {
        return NGX_DECLINED;
    }

    if (call->redirects++ == NGX_OPSCOM_REDIRECTS) {
        return ngx_opscom_error_reply_later(link, call, text);
    }

    return ngx_opscom_redirect(link, call, text);
}


/* The slot is being moved: some of its keys are here, some are there. */

static ngx_int_t
ngx_opscom_error_reply_ask(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_str_t *text)
{
    ngx_opscom_node_t  *node;

    node = link->data;

    if (node->nodes->cluster && (!call->follows || call->maybe_executed)) {
        return ngx_opscom_error_reply_later(link, call, text);
    }

    return ngx_opscom_error_reply_redirect(link, call, text);
}


/* The cluster is changing: soon the slot is served again, maybe elsewhere. */

static ngx_int_t
ngx_opscom_error_reply_later(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_str_t *text)
{
    ngx_opscom_node_t   *node;
    ngx_opscom_nodes_t  *nodes;

    node = link->data;
    nodes = node->nodes;

    if (nodes->cluster) {
        ngx_opscom_cluster_refresh(nodes);
    }

    ngx_opscom_account_refused(link->account, &link->account->unserved,
                               &link->log, ngx_opscom_link_name(link), text);

    ngx_opscom_link_part(link, call);

    if (!ngx_opscom_retry_may_send(call, link->settings->retry, 0)) {
        ngx_opscom_call_done(call, ngx_opscom_call_outcome(call));
        return NGX_OK;
    }

    call->redirects = 0;
    call->retried = 1;

    ngx_opscom_retry_postpone(&nodes->retry, call);

    return NGX_OK;
}


static void
ngx_opscom_error_reply_refused(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text)
{
    ngx_opscom_account_refused(link->account, &link->calls.refusals, &link->log,
                               ngx_opscom_link_name(link), text);

    switch (ngx_opscom_account_reason(text)) {

    case NGX_OPSCOM_REFUSAL_READONLY:
    case NGX_OPSCOM_REFUSAL_MASTERDOWN:
    case NGX_OPSCOM_REFUSAL_LOADING:
        ngx_opscom_link_drain(link);
        ngx_opscom_link_retry(link, call);
        break;

    default:
        ngx_opscom_link_part(link, call);
        ngx_opscom_call_done(call, ngx_opscom_call_outcome(call));
    }
}
