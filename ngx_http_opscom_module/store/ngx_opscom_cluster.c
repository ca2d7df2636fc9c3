
/*
 * Redis Cluster: which node has which slot.  All keys of a client share a hash
 * tag, so that a call has one slot.  See redis.io/docs/reference/cluster-spec.
 */


#include "ngx_opscom_link.h"


#define NGX_OPSCOM_SLOTS         16384
#define NGX_OPSCOM_REFRESH_PAUSE 100 /* ms */


struct ngx_opscom_cluster_s {
    ngx_opscom_node_t *slots[NGX_OPSCOM_SLOTS]; /* NULL: not known */
    ngx_opscom_node_t *asked;                   /* last, for the map */
    ngx_opscom_call_t  call;                    /* for the map */
    ngx_event_t        again;                   /* timer: ask anew */
    ngx_msec_t         asked_at;
    unsigned           asking : 1;
    unsigned           known : 1;
};


static uint16_t           ngx_opscom_cluster_slot(ngx_str_t *tag);
static ngx_opscom_node_t *ngx_opscom_cluster_next(
    ngx_opscom_store_t *store, ngx_opscom_node_t *node);
static ngx_opscom_node_t *ngx_opscom_cluster_node(
    ngx_opscom_store_t *store, ngx_str_t *host, ngx_uint_t port);
static void      ngx_opscom_cluster_again(ngx_event_t *ev);
static void      ngx_opscom_cluster_ask(ngx_opscom_store_t *store);
static ngx_int_t ngx_opscom_cluster_read(
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_cluster_range(ngx_opscom_store_t *store,
    ngx_opscom_link_t *link, ngx_opscom_reply_t *range);
static void ngx_opscom_cluster_done(
    ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome);


static ngx_str_t ngx_opscom_cluster_slots = ngx_string(
    "$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n");


ngx_int_t
ngx_opscom_cluster_init(ngx_opscom_store_t *store)
{
    ngx_uint_t            i;
    ngx_array_t          *one;
    ngx_opscom_address_t *address, *copy;
    ngx_opscom_cluster_t *cluster;

    cluster = ngx_pcalloc(store->pool, sizeof(ngx_opscom_cluster_t));
    if (cluster == NULL) {
        return NGX_ERROR;
    }

    address = store->settings.addresses->elts;

    for (i = 0; i < store->settings.addresses->nelts; i++) {

        one = ngx_array_create(store->pool, 1, sizeof(ngx_opscom_address_t));
        if (one == NULL) {
            return NGX_ERROR;
        }

        copy = ngx_array_push(one);
        *copy = address[i];

        if (ngx_opscom_store_node(store, one) == NULL) {
            return NGX_ERROR;
        }
    }

    cluster->again.handler = ngx_opscom_cluster_again;
    cluster->again.data = store;
    cluster->again.log = ngx_cycle->log;
    cluster->again.cancelable = 1;

    store->cluster = cluster;

    return NGX_OK;
}


void
ngx_opscom_cluster_close(ngx_opscom_store_t *store)
{
    if (store->cluster && store->cluster->again.timer_set) {
        ngx_del_timer(&store->cluster->again);
    }

    store->cluster = NULL;
}


ngx_opscom_node_t *
ngx_opscom_cluster_pick(ngx_opscom_store_t *store, ngx_str_t *tag)
{
    ngx_queue_t       *q;
    ngx_opscom_node_t *node;

    node = store->cluster->slots[ngx_opscom_cluster_slot(tag)];

    if (node) {
        return node;
    }

    /* any that can be reached: it will say where to go */

    for (q = ngx_queue_head(&store->nodes);
         q != ngx_queue_sentinel(&store->nodes); q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_opscom_node_t, queue);

        if (node->links[0].state != NGX_OPSCOM_LINK_PAUSED
            && !node->links[0].trial) {
            return node;
        }
    }

    q = ngx_queue_head(&store->nodes);

    return ngx_queue_data(q, ngx_opscom_node_t, queue);
}


/* CRC-16/XMODEM, four bits at a time. */

static uint16_t
ngx_opscom_cluster_slot(ngx_str_t *tag)
{
    size_t   i;
    uint16_t crc;

    static const uint16_t table[] = {
        0x0000,
        0x1021,
        0x2042,
        0x3063,
        0x4084,
        0x50a5,
        0x60c6,
        0x70e7,
        0x8108,
        0x9129,
        0xa14a,
        0xb16b,
        0xc18c,
        0xd1ad,
        0xe1ce,
        0xf1ef,
    };

    crc = 0;

    for (i = 0; i < tag->len; i++) {
        crc = (uint16_t) (crc << 4
            ^ table[(crc >> 12 ^ tag->data[i] >> 4) & 0x0f]);
        crc = (uint16_t) (crc << 4 ^ table[(crc >> 12 ^ tag->data[i]) & 0x0f]);
    }

    return crc % NGX_OPSCOM_SLOTS;
}


void
ngx_opscom_cluster_refresh(ngx_opscom_store_t *store)
{
    ngx_msec_int_t        pause;
    ngx_opscom_cluster_t *cluster;

    cluster = store->cluster;

    if (cluster->asking || cluster->again.timer_set || ngx_exiting
        || ngx_terminate)
    {
        return;
    }

    pause = NGX_OPSCOM_REFRESH_PAUSE
        - (ngx_msec_int_t) (ngx_current_msec - cluster->asked_at);

    if (pause > NGX_OPSCOM_REFRESH_PAUSE) {
        pause = NGX_OPSCOM_REFRESH_PAUSE;
    }

    /* never at once: the caller may be in the midst of a change */

    ngx_add_timer(&cluster->again, pause > 0 ? (ngx_msec_t) pause : 1);
}


static void
ngx_opscom_cluster_again(ngx_event_t *ev)
{
    ngx_opscom_cluster_ask(ev->data);
}


/* Another node each time, as one may be dead, or cut off from the others. */

static void
ngx_opscom_cluster_ask(ngx_opscom_store_t *store)
{
    ngx_uint_t            tries;
    ngx_opscom_call_t    *call;
    ngx_opscom_node_t    *node;
    ngx_opscom_cluster_t *cluster;

    cluster = store->cluster;
    cluster->asked_at = ngx_current_msec;

    call = &cluster->call;
    ngx_memzero(call, sizeof(ngx_opscom_call_t));

    call->read = ngx_opscom_cluster_read;
    call->done = ngx_opscom_cluster_done;
    call->data = store;
    call->words = ngx_opscom_cluster_slots;
    call->argc = 2;
    call->deadline = ngx_current_msec + store->settings.timeout;

    node = cluster->asked;

    for (tries = 0; tries < 16; tries++) {
        node = ngx_opscom_cluster_next(store, node);

        if (ngx_opscom_link_send(&node->links[0], call) == NGX_OK) {
            store->inflight++;
            (void) ngx_atomic_fetch_add(&store->gauges->inflight, 1);

            cluster->asked = node;
            cluster->asking = 1;

            return;
        }
    }

    cluster->asked = node;
}


static ngx_opscom_node_t *
ngx_opscom_cluster_next(ngx_opscom_store_t *store, ngx_opscom_node_t *node)
{
    ngx_queue_t *q;

    q = node ? ngx_queue_next(&node->queue) : ngx_queue_head(&store->nodes);

    if (q == ngx_queue_sentinel(&store->nodes)) {
        q = ngx_queue_head(&store->nodes);
    }

    return ngx_queue_data(q, ngx_opscom_node_t, queue);
}


static void
ngx_opscom_cluster_done(ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome)
{
    ngx_opscom_store_t *store;

    store = call->data;
    store->cluster->asking = 0;

    if (outcome != NGX_OPSCOM_DONE) {
        ngx_opscom_cluster_refresh(store);
    }
}


/* An array of ranges: first slot, last slot, master, replicas. */

static ngx_int_t
ngx_opscom_cluster_read(ngx_opscom_call_t *call, ngx_opscom_reply_t *reply)
{
    ngx_uint_t          i;
    ngx_opscom_store_t *store;

    store = call->data;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    for (i = 0; i < reply->nelts; i++) {
        ngx_opscom_cluster_range(store, call->link, reply->elts[i]);
    }

    return NGX_OK;
}


static void
ngx_opscom_cluster_range(ngx_opscom_store_t *store, ngx_opscom_link_t *link,
    ngx_opscom_reply_t *range)
{
    int64_t             slot;
    ngx_str_t           host;
    ngx_opscom_node_t  *node;
    ngx_opscom_reply_t *master;

    if (range->type != REDIS_REPLY_ARRAY || range->nelts < 3
        || range->elts[0]->type != REDIS_REPLY_INTEGER
        || range->elts[1]->type != REDIS_REPLY_INTEGER
        || range->elts[2]->type != REDIS_REPLY_ARRAY
        || range->elts[2]->nelts < 2
        || range->elts[2]->elts[1]->type != REDIS_REPLY_INTEGER)
    {
        return;
    }

    master = range->elts[2];
    host = master->elts[0]->text;

    /* a node that does not know its own name leaves it out */

    if (host.len == 0 || host.data[0] == '?') {
        host = link->target->host;
    }

    node = ngx_opscom_cluster_node(
        store, &host, (ngx_uint_t) master->elts[1]->integer);

    if (node == NULL) {
        return;
    }

    for (slot = ngx_max(range->elts[0]->integer, 0);
         slot <= range->elts[1]->integer && slot < NGX_OPSCOM_SLOTS; slot++)
    {
        store->cluster->slots[slot] = node;
    }
}


/* Finds a node by its address, or adds it; NULL: no address, or no memory. */

static ngx_opscom_node_t *
ngx_opscom_cluster_node(
    ngx_opscom_store_t *store, ngx_str_t *host, ngx_uint_t port)
{
    ngx_queue_t          *q;
    ngx_array_t          *one;
    ngx_opscom_node_t    *node;
    ngx_opscom_room_t    *room;
    ngx_opscom_address_t *address;

    for (q = ngx_queue_head(&store->nodes);
         q != ngx_queue_sentinel(&store->nodes); q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_opscom_node_t, queue);
        address = node->addresses->elts;

        if (address->port == port && address->host.len == host->len
            && ngx_strncmp(address->host.data, host->data, host->len) == 0)
        {
            return node;
        }
    }

    if (port < 1 || port > 65535) {
        return NULL;
    }

    room = ngx_palloc(store->pool, sizeof(ngx_opscom_room_t));
    one = ngx_array_create(store->pool, 1, sizeof(ngx_opscom_address_t));

    if (room == NULL || one == NULL) {
        return NULL;
    }

    address = ngx_array_push(one);

    if (ngx_opscom_address_set(address, room, host, (in_port_t) port)
        != NGX_OK) {
        return NULL;
    }

    return ngx_opscom_store_node(store, one);
}


/* "MOVED 3999 127.0.0.1:6381": the port is behind the last colon. */

ngx_int_t
ngx_opscom_cluster_moved(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_str_t *where, ngx_uint_t ask)
{
    u_char             *p, *last, *colon, *space;
    ngx_int_t           slot, port;
    ngx_str_t           host;
    ngx_opscom_node_t  *node;
    ngx_opscom_store_t *store;

    store = link->store;
    last = where->data + where->len;

    p = ngx_strlchr(where->data, last, ' ');
    space = p ? ngx_strlchr(p + 1, last, ' ') : NULL;

    if (space == NULL) {
        return NGX_ERROR;
    }

    slot = ngx_atoi(p + 1, space - p - 1);

    for (colon = last - 1; colon > space && *colon != ':'; colon--) {
        /* void */
    }

    port = ngx_atoi(colon + 1, last - colon - 1);

    host.data = space + 1;
    host.len = colon > space ? (size_t) (colon - space - 1) : 0;

    if (host.len == 0) {
        host = link->target->host;
    }

    if (slot < 0 || slot >= NGX_OPSCOM_SLOTS || port < 1) {
        return NGX_ERROR;
    }

    node = ngx_opscom_cluster_node(store, &host, (ngx_uint_t) port);
    if (node == NULL) {
        return NGX_ERROR;
    }

    if (ask) {
        call->asking = 1;

    } else {
        store->cluster->slots[slot] = node;
        ngx_opscom_cluster_refresh(store);
    }

    return ngx_opscom_link_send(ngx_opscom_store_link(store, node), call);
}
