
/* The store: the interface to Redis for the HTTP layer. */


#include "ngx_opscom_cluster.h"
#include "ngx_opscom_error_reply.h"
#include "ngx_opscom_handshake.h"
#include "ngx_opscom_nodes.h"
#include "ngx_opscom_sentinel.h"
#include "ngx_opscom_store.h"


struct ngx_opscom_store_s {
    ngx_opscom_settings_t  settings;

    /* each worker's own */

    ngx_opscom_account_t   account;
    ngx_opscom_nodes_t     nodes;
    unsigned               opened:1;
};


static ngx_int_t ngx_opscom_store_open(ngx_opscom_store_t *store);
static ngx_int_t ngx_opscom_store_dispatch(ngx_opscom_nodes_t *nodes,
    ngx_opscom_call_t *call);
static void ngx_opscom_store_again(ngx_opscom_call_t *call);
static void ngx_opscom_store_established(ngx_opscom_link_t *link);
static void ngx_opscom_store_changed(ngx_opscom_link_t *link);


static const ngx_opscom_link_handlers_t  ngx_opscom_store_handlers = {
    ngx_opscom_store_established,
    ngx_opscom_error_reply,
    ngx_opscom_store_changed
};


ngx_opscom_store_t *
ngx_opscom_store_create(ngx_conf_t *cf, ngx_opscom_settings_t *settings)
{
    ngx_opscom_store_t  *store;

    store = ngx_pcalloc(cf->pool, sizeof(ngx_opscom_store_t));
    if (store == NULL) {
        return NULL;
    }

    store->settings = *settings;

    ngx_opscom_account_init(&store->account);

    return store;
}


ngx_opscom_settings_t *
ngx_opscom_store_settings(ngx_opscom_store_t *store)
{
    return &store->settings;
}


void
ngx_opscom_store_count(ngx_opscom_store_t *store, ngx_opscom_gauges_t *gauges,
    ngx_opscom_counters_t *counters)
{
    store->account.gauges = gauges;
    store->account.counters = counters;
}


ngx_int_t
ngx_opscom_store_send(ngx_opscom_store_t *store, ngx_opscom_call_t *call)
{
    ngx_int_t               rc;
    ngx_msec_t              retry;
    ngx_opscom_settings_t  *settings;

    settings = &store->settings;

    if (store->account.calls >= settings->queue) {
        return NGX_BUSY;
    }

    if (!store->opened && ngx_opscom_store_open(store) != NGX_OK) {
        return NGX_ERROR;
    }

    call->account = &store->account;
    call->serial = ++store->account.serial;

    retry = call->once ? 0 : settings->retry;

    call->until = ngx_current_msec + (retry ? retry : settings->timeout);
    call->deadline = ngx_current_msec + retry + settings->timeout
                     + settings->replicas_time;

    /* counted first: the call may have ended when its sender returns */

    ngx_opscom_account_enter(&store->account);

    rc = ngx_opscom_store_dispatch(&store->nodes, call);

    if (rc != NGX_OK) {
        ngx_opscom_account_leave(&store->account);
    }

    return rc;
}


static ngx_int_t
ngx_opscom_store_dispatch(ngx_opscom_nodes_t *nodes, ngx_opscom_call_t *call)
{
    ngx_int_t           rc;
    ngx_opscom_node_t  *node;

    if (nodes->cluster == NULL) {
        node = ngx_opscom_nodes_first(nodes);
        return ngx_opscom_link_send(ngx_opscom_nodes_link(node), call);
    }

    node = ngx_opscom_cluster_pick(nodes, &call->tag);
    rc = ngx_opscom_link_send(ngx_opscom_nodes_link(node), call);

    if (rc == NGX_DECLINED) {
        ngx_opscom_cluster_refresh(nodes);
    }

    return rc;
}


/* A postponed call: its slot may be served by another node now. */

static void
ngx_opscom_store_again(ngx_opscom_call_t *call)
{
    ngx_opscom_store_t  *store;

    store = (ngx_opscom_store_t *) ((u_char *) call->account
                                - offsetof(ngx_opscom_store_t, account));

    if (!ngx_opscom_retry_may_send(call, store->settings.retry, 0)
        || ngx_opscom_store_dispatch(&store->nodes, call) != NGX_OK)
    {
        ngx_opscom_call_done(call, ngx_opscom_call_outcome(call));
    }
}


/* In a worker, when it is first needed. */

static ngx_int_t
ngx_opscom_store_open(ngx_opscom_store_t *store)
{
    ngx_array_t         *addresses;
    ngx_opscom_nodes_t  *nodes;

    nodes = &store->nodes;
    addresses = store->settings.addresses;

    ngx_memzero(nodes, sizeof(ngx_opscom_nodes_t));

    nodes->settings = &store->settings;
    nodes->account = &store->account;
    nodes->handlers = &ngx_opscom_store_handlers;

    ngx_opscom_nodes_init(nodes, ngx_opscom_store_again);

    if (store->settings.cluster) {

        if (ngx_opscom_cluster_init(nodes) == NGX_OK) {
            store->opened = 1;
            return NGX_OK;
        }

    } else if (ngx_opscom_nodes_add(nodes, addresses->elts, addresses->nelts)) {
        store->opened = 1;
        return NGX_OK;
    }

    ngx_opscom_nodes_close(nodes);

    return NGX_ERROR;
}


static void
ngx_opscom_store_established(ngx_opscom_link_t *link)
{
    if (ngx_opscom_link_is_to_sentinel(link)) {
        ngx_opscom_sentinel_ask(link);

    } else {
        ngx_opscom_handshake_start(link);
    }
}


static void
ngx_opscom_store_changed(ngx_opscom_link_t *link)
{
    ngx_opscom_node_t  *node;

    node = link->data;

    if (node->nodes->cluster) {
        ngx_opscom_cluster_refresh(node->nodes);
    }
}


void
ngx_opscom_store_cancel(ngx_opscom_call_t *call)
{
    if (call->state == NGX_OPSCOM_CALL_NEW) {
        return;
    }

    if (call->link) {
        ngx_opscom_link_cancel(call);

    } else {
        ngx_queue_remove(&call->queue);
        ngx_opscom_account_leave(call->account);
    }

    call->state = NGX_OPSCOM_CALL_NEW;
}


void
ngx_opscom_store_close(ngx_opscom_store_t *store)
{
    if (!store->opened) {
        return;
    }

    ngx_opscom_nodes_close(&store->nodes);
    ngx_opscom_cluster_close(&store->nodes);

    store->opened = 0;
}
