
/*
 * Redis Cluster: which node has which slot.  All keys of a client share a hash
 * tag, so that a call has one slot.  See redis.io/docs/reference/cluster-spec.
 */


#include "ngx_opscom_backoff.h"
#include "ngx_opscom_cluster.h"


#define NGX_OPSCOM_CLUSTER_SLOTS    16384
#define NGX_OPSCOM_CLUSTER_INTERVAL 100  /* ms between two questions */
#define NGX_OPSCOM_CLUSTER_MOST     5000 /* where they are not answered */


struct ngx_opscom_cluster_s {
    ngx_opscom_node_t  *slots[NGX_OPSCOM_CLUSTER_SLOTS]; /* NULL: not known */
    ngx_opscom_node_t  *asked;    /* last, for the map */
    ngx_opscom_call_t   call;     /* for the map; NEW: none is under way */
    ngx_event_t         timer;    /* ask anew */
    ngx_event_t         sweep;    /* posted: the map is new */
    ngx_msec_t          asked_at;
    ngx_uint_t          failures; /* in a row */
    ngx_uint_t          round;    /* of maps */
    ngx_uint_t          assigned; /* slots, by the map that is being read */
};


static uint16_t ngx_opscom_cluster_slot(ngx_str_t *tag);
static void ngx_opscom_cluster_ask(ngx_event_t *ev);
static ngx_opscom_node_t *ngx_opscom_cluster_candidate(
    ngx_opscom_nodes_t *nodes);
static ngx_int_t ngx_opscom_cluster_read(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply);
static void ngx_opscom_cluster_range(ngx_opscom_nodes_t *nodes,
    ngx_str_t *own, ngx_opscom_reply_t *range);
static ngx_int_t ngx_opscom_cluster_is_range(ngx_opscom_reply_t *range);
static void ngx_opscom_cluster_done(ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome);
static void ngx_opscom_cluster_sweep(ngx_event_t *ev);
static void ngx_opscom_cluster_leave(ngx_opscom_nodes_t *nodes,
    ngx_opscom_node_t *node);
static void ngx_opscom_cluster_move(ngx_opscom_nodes_t *nodes,
    ngx_opscom_node_t *node);


static ngx_str_t  ngx_opscom_cluster_words =
    ngx_string("$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n");


ngx_int_t
ngx_opscom_cluster_init(ngx_opscom_nodes_t *nodes)
{
    ngx_uint_t             i;
    ngx_opscom_address_t  *address;
    ngx_opscom_cluster_t  *cluster;

    address = nodes->settings->addresses->elts;

    for (i = 0; i < nodes->settings->addresses->nelts; i++) {

        if (ngx_opscom_nodes_add(nodes, &address[i], 1) == NULL) {
            return NGX_ERROR;
        }
    }

    cluster = ngx_calloc(sizeof(ngx_opscom_cluster_t), ngx_cycle->log);
    if (cluster == NULL) {
        return NGX_ERROR;
    }

    cluster->timer.handler = ngx_opscom_cluster_ask;
    cluster->timer.data = nodes;
    cluster->timer.log = ngx_cycle->log;
    cluster->timer.cancelable = 1;

    cluster->sweep.handler = ngx_opscom_cluster_sweep;
    cluster->sweep.data = nodes;
    cluster->sweep.log = ngx_cycle->log;

    cluster->asked_at = ngx_current_msec - NGX_OPSCOM_CLUSTER_INTERVAL;

    nodes->cluster = cluster;

    return NGX_OK;
}


void
ngx_opscom_cluster_close(ngx_opscom_nodes_t *nodes)
{
    ngx_opscom_cluster_t  *cluster;

    cluster = nodes->cluster;
    if (cluster == NULL) {
        return;
    }

    if (cluster->timer.timer_set) {
        ngx_del_timer(&cluster->timer);
    }

    if (cluster->sweep.posted) {
        ngx_delete_posted_event(&cluster->sweep);
    }

    nodes->cluster = NULL;
    ngx_free(cluster);
}


ngx_opscom_node_t *
ngx_opscom_cluster_pick(ngx_opscom_nodes_t *nodes, ngx_str_t *tag)
{
    ngx_opscom_node_t  *node;

    node = nodes->cluster->slots[ngx_opscom_cluster_slot(tag)];

    /* any node that can be reached will redirect the call */

    return node ? node : ngx_opscom_cluster_candidate(nodes);
}


/* CRC-16/XMODEM, four bits at a time. */

static uint16_t
ngx_opscom_cluster_slot(ngx_str_t *tag)
{
    size_t    i;
    uint16_t  crc;

    static const uint16_t  table[] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef
    };

    crc = 0;

    for (i = 0; i < tag->len; i++) {
        crc = (uint16_t) (crc << 4
                          ^ table[(crc >> 12 ^ tag->data[i] >> 4) & 0x0f]);
        crc = (uint16_t) (crc << 4
                          ^ table[(crc >> 12 ^ tag->data[i]) & 0x0f]);
    }

    return crc % NGX_OPSCOM_CLUSTER_SLOTS;
}


ngx_int_t
ngx_opscom_cluster_assign(ngx_opscom_nodes_t *nodes, ngx_int_t slot,
    ngx_opscom_node_t *node)
{
    if (slot < 0 || slot >= NGX_OPSCOM_CLUSTER_SLOTS) {
        return NGX_ERROR;
    }

    nodes->cluster->slots[slot] = node;

    return NGX_OK;
}


void
ngx_opscom_cluster_refresh(ngx_opscom_nodes_t *nodes)
{
    ngx_msec_t             interval, since;
    ngx_opscom_cluster_t  *cluster;

    cluster = nodes->cluster;

    if (cluster->call.state != NGX_OPSCOM_CALL_NEW || cluster->timer.timer_set)
    {
        return;
    }

    interval = NGX_OPSCOM_CLUSTER_INTERVAL;

    if (cluster->failures) {
        interval = ngx_min(interval << ngx_min(cluster->failures, 6),
                        NGX_OPSCOM_CLUSTER_MOST);
    }

    since = ngx_current_msec - cluster->asked_at;

    /* never immediately: the caller may be in the middle of a change */

    ngx_add_timer(&cluster->timer, since < interval ? interval - since : 1);
}


/* Another node each time, as one may be cut off from the others. */

static void
ngx_opscom_cluster_ask(ngx_event_t *ev)
{
    ngx_opscom_call_t     *call;
    ngx_opscom_node_t     *node;
    ngx_opscom_nodes_t    *nodes;
    ngx_opscom_cluster_t  *cluster;

    nodes = ev->data;
    cluster = nodes->cluster;
    call = &cluster->call;

    if (call->state != NGX_OPSCOM_CALL_NEW) {
        return;
    }

    cluster->asked_at = ngx_current_msec;

    node = ngx_opscom_cluster_candidate(nodes);
    cluster->asked = node;

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "opscom: cluster: ask %V for the map",
                   ngx_opscom_nodes_name(node));

    ngx_memzero(call, sizeof(ngx_opscom_call_t));

    call->read = ngx_opscom_cluster_read;
    call->done = ngx_opscom_cluster_done;
    call->data = nodes;
    call->words = ngx_opscom_cluster_words;
    call->argc = 2;
    call->reads = 1;
    call->account = nodes->account;
    call->serial = ++nodes->account->serial;
    call->until = ngx_current_msec + nodes->settings->connect_timeout;
    call->deadline = ngx_current_msec + nodes->settings->timeout;

    if (ngx_opscom_link_send(ngx_opscom_nodes_link(node), call) == NGX_OK) {
        ngx_opscom_account_enter(nodes->account);
        return;
    }

    cluster->failures++;
    ngx_opscom_cluster_refresh(nodes);
}


/* The next node that is connected, or else one that is not known as lost. */

static ngx_opscom_node_t *
ngx_opscom_cluster_candidate(ngx_opscom_nodes_t *nodes)
{
    ngx_uint_t               i;
    ngx_opscom_node_t       *node, *idle;
    ngx_opscom_link_state_t  state;

    idle = NULL;
    node = nodes->cluster->asked;

    for (i = 0; i < nodes->count; i++) {
        node = ngx_opscom_nodes_after(nodes, node);
        state = node->links[0].state;

        if (state == NGX_OPSCOM_LINK_READY) {
            return node;
        }

        if (idle == NULL && (state == NGX_OPSCOM_LINK_IDLE
                             || state == NGX_OPSCOM_LINK_OPENING))
        {
            idle = node;
        }
    }

    return idle ? idle : ngx_opscom_nodes_after(nodes, node);
}


static void
ngx_opscom_cluster_done(ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome)
{
    ngx_opscom_nodes_t    *nodes;
    ngx_opscom_cluster_t  *cluster;

    nodes = call->data;
    cluster = nodes->cluster;

    if (outcome == NGX_OPSCOM_DONE) {
        cluster->failures = 0;
        return;
    }

    cluster->failures++;
    ngx_opscom_cluster_refresh(nodes);
}


/* An array of ranges: first slot, last slot, master, replicas. */

static ngx_int_t
ngx_opscom_cluster_read(ngx_opscom_call_t *call, ngx_opscom_reply_t *reply)
{
    ngx_str_t             *own;
    ngx_uint_t             i;
    ngx_opscom_nodes_t    *nodes;
    ngx_opscom_cluster_t  *cluster;

    nodes = call->data;
    cluster = nodes->cluster;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    own = &call->link->target->host;

    cluster->round++;
    cluster->assigned = 0;

    /* each slot has one master: more ranges are not a map */

    for (i = 0;
         i < reply->nelts && cluster->assigned < NGX_OPSCOM_CLUSTER_SLOTS;
         i++)
    {
        ngx_opscom_cluster_range(nodes, own, reply->elts[i]);
    }

    if (cluster->assigned && !cluster->sweep.posted) {
        ngx_post_event(&cluster->sweep, &ngx_posted_events);
    }

    return NGX_DECLINED;
}


static void
ngx_opscom_cluster_range(ngx_opscom_nodes_t *nodes, ngx_str_t *own,
    ngx_opscom_reply_t *range)
{
    int64_t                slot, last;
    ngx_str_t             *host;
    ngx_opscom_node_t     *node;
    ngx_opscom_reply_t    *master;
    ngx_opscom_cluster_t  *cluster;

    if (!ngx_opscom_cluster_is_range(range)) {
        return;
    }

    cluster = nodes->cluster;
    master = range->elts[2];
    host = &master->elts[0]->text;

    /* a node without a known name of its own omits it */

    if (host->len == 0 || host->data[0] == '?') {
        host = own;
    }

    node = ngx_opscom_nodes_named(nodes, host,
                                  (ngx_int_t) master->elts[1]->integer);
    if (node == NULL) {
        return;
    }

    node->round = cluster->round;

    slot = ngx_max(range->elts[0]->integer, 0);
    last = ngx_min(range->elts[1]->integer, NGX_OPSCOM_CLUSTER_SLOTS - 1);

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "opscom: cluster: slots %L-%L: %V", slot, last,
                   ngx_opscom_nodes_name(node));

    for ( /* void */ ; slot <= last; slot++) {
        cluster->slots[slot] = node;
        cluster->assigned++;
    }
}


static ngx_int_t
ngx_opscom_cluster_is_range(ngx_opscom_reply_t *range)
{
    ngx_opscom_reply_t  *master;

    if (range->type != REDIS_REPLY_ARRAY || range->nelts < 3
        || range->elts[0]->type != REDIS_REPLY_INTEGER
        || range->elts[1]->type != REDIS_REPLY_INTEGER)
    {
        return 0;
    }

    master = range->elts[2];

    return master->type == REDIS_REPLY_ARRAY && master->nelts >= 2
           && master->elts[1]->type == REDIS_REPLY_INTEGER;
}


/* After a valid map: calls follow their slots, removed nodes are closed. */

static void
ngx_opscom_cluster_sweep(ngx_event_t *ev)
{
    ngx_uint_t             i;
    ngx_queue_t           *q, *next;
    ngx_opscom_node_t     *node;
    ngx_opscom_nodes_t    *nodes;
    ngx_opscom_cluster_t  *cluster;

    nodes = ev->data;
    cluster = nodes->cluster;

    for (i = 0; i < NGX_OPSCOM_CLUSTER_SLOTS; i++) {
        node = cluster->slots[i];

        if (node && node->round != cluster->round) {
            cluster->slots[i] = NULL;
        }
    }

    for (q = ngx_queue_head(&nodes->queue);
         q != ngx_queue_sentinel(&nodes->queue);
         q = next)
    {
        next = ngx_queue_next(q);
        node = ngx_queue_data(q, ngx_opscom_node_t, queue);

        ngx_opscom_cluster_move(nodes, node);

        if (node->round != cluster->round) {
            ngx_opscom_cluster_leave(nodes, node);
        }
    }
}


/* One that is configured may come back, and can be asked for the map. */

static void
ngx_opscom_cluster_leave(ngx_opscom_nodes_t *nodes, ngx_opscom_node_t *node)
{
    ngx_uint_t  i, free;

    free = ngx_opscom_nodes_is_free(node);

    if (free && !node->configured) {

        if (nodes->cluster->asked == node) {
            nodes->cluster->asked = NULL;
        }

        ngx_opscom_nodes_remove(node);
        return;
    }

    for (i = 0; i < nodes->settings->connections; i++) {
        ngx_opscom_link_unused(&node->links[i]);

        if (free && node->links[i].state != NGX_OPSCOM_LINK_READY) {
            ngx_opscom_link_close(&node->links[i]);
        }
    }
}


/* What waits for a node that cannot be reached may have a slot elsewhere. */

static void
ngx_opscom_cluster_move(ngx_opscom_nodes_t *nodes, ngx_opscom_node_t *node)
{
    ngx_uint_t          i;
    ngx_queue_t        *q, *next;
    ngx_opscom_call_t  *call;
    ngx_opscom_link_t  *link;

    for (i = 0; i < nodes->settings->connections; i++) {
        link = &node->links[i];

        if (link->state == NGX_OPSCOM_LINK_READY) {
            continue;
        }

        for (q = ngx_queue_head(&link->calls.waiting);
             q != ngx_queue_sentinel(&link->calls.waiting);
             q = next)
        {
            next = ngx_queue_next(q);
            call = ngx_queue_data(q, ngx_opscom_call_t, queue);

            if (call->tag.len == 0
                || ngx_opscom_cluster_pick(nodes, &call->tag) == node)
            {
                continue;
            }

            ngx_queue_remove(q);
            ngx_opscom_link_part(link, call);
            ngx_opscom_retry_postpone(&nodes->retry, call);
        }
    }
}
