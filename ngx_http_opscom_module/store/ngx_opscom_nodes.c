
/* The Redis servers of a deployment, and the links to each of them. */


#include "ngx_opscom_nodes.h"
#include "ngx_opscom_text.h"


static ngx_opscom_node_t *ngx_opscom_nodes_configured(
    ngx_opscom_nodes_t *nodes, ngx_str_t *host, in_port_t port);
static ngx_opscom_node_t *ngx_opscom_nodes_learn(ngx_opscom_nodes_t *nodes,
    ngx_str_t *host, ngx_int_t port, uint32_t hash);
static ngx_opscom_node_t *ngx_opscom_nodes_create(ngx_opscom_nodes_t *nodes,
    ngx_uint_t n);
static ngx_int_t ngx_opscom_nodes_open(ngx_opscom_node_t *node);


void
ngx_opscom_nodes_init(ngx_opscom_nodes_t *nodes, ngx_opscom_retry_send_pt send)
{
    ngx_queue_init(&nodes->queue);
    ngx_rbtree_init(&nodes->tree, &nodes->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_opscom_retry_init(&nodes->retry, send);
}


ngx_opscom_node_t *
ngx_opscom_nodes_add(ngx_opscom_nodes_t *nodes,
    ngx_opscom_address_t *addresses, ngx_uint_t n)
{
    ngx_opscom_node_t  *node;

    node = ngx_opscom_nodes_create(nodes, n);
    if (node == NULL) {
        return NULL;
    }

    node->configured = 1;

    ngx_memcpy(node->addresses.elts, addresses,
               n * sizeof(ngx_opscom_address_t));
    node->addresses.nelts = n;

    return ngx_opscom_nodes_open(node) == NGX_OK ? node : NULL;
}


ngx_opscom_node_t *
ngx_opscom_nodes_named(ngx_opscom_nodes_t *nodes, ngx_str_t *host,
    ngx_int_t port)
{
    uint32_t                     hash;
    ngx_str_t                   *text;
    ngx_opscom_node_t           *node;
    ngx_opscom_named_address_t   named;

    if (ngx_opscom_address_name(&named, host, port) != NGX_OK) {
        return NULL;
    }

    text = &named.address.text;
    hash = ngx_crc32_short(text->data, text->len);

    node = (ngx_opscom_node_t *) ngx_str_rbtree_lookup(&nodes->tree, text,
                                                       hash);
    if (node) {
        return node;
    }

    node = ngx_opscom_nodes_configured(nodes, host, named.address.port);

    return node ? node : ngx_opscom_nodes_learn(nodes, host, port, hash);
}


/* The configured ones come first, and are few. */

static ngx_opscom_node_t *
ngx_opscom_nodes_configured(ngx_opscom_nodes_t *nodes, ngx_str_t *host,
    in_port_t port)
{
    ngx_queue_t           *q;
    ngx_opscom_node_t     *node;
    ngx_opscom_address_t  *address;

    for (q = ngx_queue_head(&nodes->queue);
         q != ngx_queue_sentinel(&nodes->queue);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_opscom_node_t, queue);
        address = node->addresses.elts;

        if (!node->configured) {
            return NULL;
        }

        if (address->port == port
            && ngx_opscom_text_equal(&address->host, host))
        {
            return node;
        }
    }

    return NULL;
}


static ngx_opscom_node_t *
ngx_opscom_nodes_learn(ngx_opscom_nodes_t *nodes, ngx_str_t *host,
    ngx_int_t port, uint32_t hash)
{
    ngx_opscom_node_t     *node;
    ngx_opscom_address_t  *address;

    if (nodes->count == NGX_OPSCOM_NODES_MOST) {
        return NULL;
    }

    node = ngx_opscom_nodes_create(nodes, 1);
    if (node == NULL) {
        return NULL;
    }

    (void) ngx_opscom_address_name(&node->named, host, port);

    address = ngx_array_push(&node->addresses);
    *address = node->named.address;

    if (ngx_opscom_nodes_open(node) != NGX_OK) {
        return NULL;
    }

    node->name.str = node->named.address.text;
    node->name.node.key = hash;
    ngx_rbtree_insert(&nodes->tree, &node->name.node);

    return node;
}


static ngx_opscom_node_t *
ngx_opscom_nodes_create(ngx_opscom_nodes_t *nodes, ngx_uint_t n)
{
    ngx_pool_t         *pool;
    ngx_opscom_node_t  *node;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    node = ngx_pcalloc(pool, sizeof(ngx_opscom_node_t));

    if (node == NULL
        || ngx_array_init(&node->addresses, pool, n,
                          sizeof(ngx_opscom_address_t))
           != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    node->pool = pool;
    node->nodes = nodes;

    return node;
}


static ngx_int_t
ngx_opscom_nodes_open(ngx_opscom_node_t *node)
{
    ngx_uint_t           i, n;
    ngx_opscom_nodes_t  *nodes;

    nodes = node->nodes;
    n = nodes->settings->connections;

    node->links = ngx_palloc(node->pool, n * sizeof(ngx_opscom_link_t));
    if (node->links == NULL) {
        ngx_destroy_pool(node->pool);
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_opscom_link_init(&node->links[i], nodes->settings, nodes->account,
                             nodes->handlers, node, &node->addresses);
    }

    ngx_queue_insert_tail(&nodes->queue, &node->queue);
    nodes->count++;

    return NGX_OK;
}


void
ngx_opscom_nodes_remove(ngx_opscom_node_t *node)
{
    ngx_uint_t           i;
    ngx_opscom_nodes_t  *nodes;

    nodes = node->nodes;

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "opscom: redis %V: close", ngx_opscom_nodes_name(node));

    for (i = 0; i < nodes->settings->connections; i++) {
        ngx_opscom_link_close(&node->links[i]);
    }

    if (node->name.str.len) {
        ngx_rbtree_delete(&nodes->tree, &node->name.node);
    }

    ngx_queue_remove(&node->queue);
    nodes->count--;

    ngx_destroy_pool(node->pool);
}


ngx_opscom_node_t *
ngx_opscom_nodes_first(ngx_opscom_nodes_t *nodes)
{
    return ngx_queue_data(ngx_queue_head(&nodes->queue), ngx_opscom_node_t,
                          queue);
}


ngx_opscom_node_t *
ngx_opscom_nodes_after(ngx_opscom_nodes_t *nodes, ngx_opscom_node_t *node)
{
    ngx_queue_t  *q;

    if (node == NULL) {
        return ngx_opscom_nodes_first(nodes);
    }

    q = ngx_queue_next(&node->queue);

    if (q == ngx_queue_sentinel(&nodes->queue)) {
        return ngx_opscom_nodes_first(nodes);
    }

    return ngx_queue_data(q, ngx_opscom_node_t, queue);
}


ngx_opscom_link_t *
ngx_opscom_nodes_link(ngx_opscom_node_t *node)
{
    ngx_uint_t  i, n;

    n = node->nodes->settings->connections;

    /* once round; if none is usable, the next one */

    for (i = 0; i <= n; i++) {
        node->next = (node->next + 1) % n;

        if (node->links[node->next].state <= NGX_OPSCOM_LINK_READY) {
            break;
        }
    }

    return &node->links[node->next];
}


ngx_int_t
ngx_opscom_nodes_is_free(ngx_opscom_node_t *node)
{
    ngx_uint_t  i;

    for (i = 0; i < node->nodes->settings->connections; i++) {

        if (!ngx_opscom_link_is_free(&node->links[i])) {
            return 0;
        }
    }

    return 1;
}


void
ngx_opscom_nodes_close(ngx_opscom_nodes_t *nodes)
{
    ngx_queue_t  *q, *next;

    for (q = ngx_queue_head(&nodes->queue);
         q != ngx_queue_sentinel(&nodes->queue);
         q = next)
    {
        next = ngx_queue_next(q);
        ngx_opscom_nodes_remove(ngx_queue_data(q, ngx_opscom_node_t, queue));
    }

    ngx_opscom_retry_close(&nodes->retry);
}
