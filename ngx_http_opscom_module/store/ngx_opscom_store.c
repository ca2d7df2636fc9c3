
#include "ngx_opscom_link.h"
#include "ngx_opscom_store.h"


static ngx_int_t ngx_opscom_store_open(ngx_opscom_store_t *store);
static ngx_int_t ngx_opscom_same_addresses(
    ngx_array_t *one, ngx_array_t *other);
static ngx_int_t ngx_opscom_same_text(ngx_str_t *one, ngx_str_t *other);
static size_t    ngx_opscom_first_word(ngx_str_t *text);


/* Where nobody counts. */

static ngx_opscom_gauges_t   ngx_opscom_no_gauges;
static ngx_opscom_counters_t ngx_opscom_no_counters;


const ngx_str_t ngx_opscom_refusal_names[NGX_OPSCOM_REFUSALS] = {
    ngx_string("OOM"), ngx_string("READONLY"), ngx_string("MISCONF"),
    ngx_string("NOREPLICAS"), ngx_string("LOADING"), ngx_string("MASTERDOWN"),
    ngx_string("CLUSTERDOWN"), ngx_string("NOAUTH"), ngx_string("NOPERM"),
    ngx_string("WRONGTYPE"), ngx_string("other")
};


ngx_opscom_store_t *
ngx_opscom_store_create(ngx_conf_t *cf, ngx_opscom_settings_t *settings)
{
    ngx_opscom_store_t *store;

    store = ngx_pcalloc(cf->pool, sizeof(ngx_opscom_store_t));
    if (store == NULL) {
        return NULL;
    }

    store->settings = *settings;
    store->gauges = &ngx_opscom_no_gauges;
    store->counters = &ngx_opscom_no_counters;

    return store;
}


ngx_int_t
ngx_opscom_settings_equal(
    ngx_opscom_settings_t *one, ngx_opscom_settings_t *other)
{
    return ngx_opscom_same_addresses(one->addresses, other->addresses)
        && ngx_opscom_same_text(&one->username, &other->username)
        && ngx_opscom_same_text(&one->password, &other->password)
        && one->database == other->database
        && one->connections == other->connections
        && one->connect_timeout == other->connect_timeout
        && one->timeout == other->timeout && one->queue == other->queue
        && one->retry == other->retry && one->replicas == other->replicas
        && one->replicas_time == other->replicas_time
        && one->cluster == other->cluster
        && ngx_opscom_same_text(&one->sentinel, &other->sentinel)
        && one->resolver == other->resolver
        && one->resolver_timeout == other->resolver_timeout
#if (NGX_SSL)
        && ngx_opscom_same_text(&one->server_name, &other->server_name)
        && one->tls == other->tls
        && ngx_opscom_same_text(&one->trusted, &other->trusted)
        && ngx_opscom_same_text(&one->certificate, &other->certificate)
        && ngx_opscom_same_text(&one->certificate_key, &other->certificate_key)
#endif
        ;
}


static ngx_int_t
ngx_opscom_same_addresses(ngx_array_t *one, ngx_array_t *other)
{
    ngx_uint_t            i;
    ngx_opscom_address_t *a, *b;

    if (one->nelts != other->nelts) {
        return 0;
    }

    a = one->elts;
    b = other->elts;

    for (i = 0; i < one->nelts; i++) {
        if (!ngx_opscom_same_text(&a[i].text, &b[i].text)) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_opscom_same_text(ngx_str_t *one, ngx_str_t *other)
{
    if (one->len != other->len) {
        return 0;
    }

    return one->len == 0 || ngx_strncmp(one->data, other->data, one->len) == 0;
}


ngx_opscom_settings_t *
ngx_opscom_store_settings(ngx_opscom_store_t *store)
{
    return &store->settings;
}


void
ngx_opscom_store_count(ngx_opscom_store_t *store,
    ngx_opscom_gauges_t *gauges, ngx_opscom_counters_t *counters)
{
    store->gauges = gauges;
    store->counters = counters;
}


void
ngx_opscom_store_cancel(ngx_opscom_call_t *call)
{
    ngx_opscom_call_cancel(call);
}


ngx_opscom_gauges_t *
ngx_opscom_store_gauges(ngx_opscom_store_t *store)
{
    return store->gauges;
}


ngx_int_t
ngx_opscom_store_send(ngx_opscom_store_t *store, ngx_opscom_call_t *call)
{
    ngx_int_t          rc;
    ngx_queue_t       *q;
    ngx_opscom_node_t *node;

    if (store->inflight >= store->settings.queue) {
        return NGX_BUSY;
    }

    if (store->pool == NULL && ngx_opscom_store_open(store) != NGX_OK) {
        return NGX_ERROR;
    }

    if (store->cluster) {
        node = ngx_opscom_cluster_pick(store, &call->tag);

    } else {
        q = ngx_queue_head(&store->nodes);
        node = ngx_queue_data(q, ngx_opscom_node_t, queue);
    }

    /* counted first: the call may have ended when its sender returns */

    store->inflight++;
    (void) ngx_atomic_fetch_add(&store->gauges->inflight, 1);

    call->deadline = ngx_current_msec + store->settings.timeout;

    rc = ngx_opscom_link_send(ngx_opscom_store_link(store, node), call);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    ngx_opscom_store_ended(store);

    if (rc == NGX_DECLINED && store->cluster) {
        ngx_opscom_cluster_refresh(store);
    }

    return rc;
}


/* In a worker, when it is first needed. */

static ngx_int_t
ngx_opscom_store_open(ngx_opscom_store_t *store)
{
    ngx_queue_init(&store->nodes);

    store->pool = ngx_create_pool(4096, ngx_cycle->log);
    if (store->pool == NULL) {
        return NGX_ERROR;
    }

    if (store->settings.cluster) {

        if (ngx_opscom_cluster_init(store) == NGX_OK) {
            return NGX_OK;
        }

    } else if (ngx_opscom_store_node(store, store->settings.addresses)) {
        return NGX_OK;
    }

    ngx_destroy_pool(store->pool);
    store->pool = NULL;

    return NGX_ERROR;
}


ngx_opscom_node_t *
ngx_opscom_store_node(ngx_opscom_store_t *store, ngx_array_t *addresses)
{
    ngx_uint_t         i;
    ngx_opscom_node_t *node;

    node = ngx_pcalloc(store->pool, sizeof(ngx_opscom_node_t));
    if (node == NULL) {
        return NULL;
    }

    node->links = ngx_palloc(
        store->pool, store->settings.connections * sizeof(ngx_opscom_link_t));
    if (node->links == NULL) {
        return NULL;
    }

    node->addresses = addresses;

    for (i = 0; i < store->settings.connections; i++) {
        ngx_opscom_link_init(&node->links[i], store, addresses);
    }

    ngx_queue_insert_tail(&store->nodes, &node->queue);

    return node;
}


ngx_opscom_link_t *
ngx_opscom_store_link(ngx_opscom_store_t *store, ngx_opscom_node_t *node)
{
    node->next = (node->next + 1) % store->settings.connections;

    return &node->links[node->next];
}


void
ngx_opscom_store_changed(ngx_opscom_store_t *store)
{
    if (store->cluster) {
        ngx_opscom_cluster_refresh(store);
    }
}


void
ngx_opscom_store_ended(ngx_opscom_store_t *store)
{
    store->inflight--;
    (void) ngx_atomic_fetch_add(&store->gauges->inflight, -1);
}


void
ngx_opscom_store_close(ngx_opscom_store_t *store)
{
    ngx_uint_t         i;
    ngx_queue_t       *q;
    ngx_opscom_node_t *node;

    if (store->pool == NULL) {
        return;
    }

    for (q = ngx_queue_head(&store->nodes);
         q != ngx_queue_sentinel(&store->nodes); q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_opscom_node_t, queue);

        for (i = 0; i < store->settings.connections; i++) {
            ngx_opscom_link_close(&node->links[i]);
        }
    }

    ngx_opscom_cluster_close(store);

    ngx_destroy_pool(store->pool);
    store->pool = NULL;
}


void
ngx_opscom_store_refused(
    ngx_opscom_store_t *store, ngx_opscom_link_t *link, ngx_str_t *why)
{
    size_t len;

    len = ngx_opscom_first_word(why);

    if (len == store->refusing_len
        && ngx_strncmp(why->data, store->refusing, len) == 0)
    {
        store->refused++;
        return;
    }

    ngx_memcpy(store->refusing, why->data, len);
    store->refusing_len = len;

    store->refusing_since = ngx_current_msec;
    store->refused = 1;

    ngx_log_error(NGX_LOG_ERR, &link->log, 0, "opscom: redis %V refuses: %V",
        ngx_opscom_link_name(link), why);
}


void
ngx_opscom_store_accepted(ngx_opscom_store_t *store, ngx_opscom_link_t *link)
{
    if (store->refusing_len == 0) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, &link->log, 0,
        "opscom: redis %V accepts again after %M ms,"
        " %ui requests were refused",
        ngx_opscom_link_name(link), ngx_current_msec - store->refusing_since,
        store->refused);

    store->refusing_len = 0;
}


static size_t
ngx_opscom_first_word(ngx_str_t *text)
{
    size_t i;

    for (i = 0; i < text->len && i < NGX_OPSCOM_WORD_LEN; i++) {
        if (text->data[i] == ' ') {
            break;
        }
    }

    return i;
}
