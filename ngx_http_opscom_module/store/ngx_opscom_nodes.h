
/* The Redis servers of a deployment, and the links to each of them. */


#ifndef NGX_OPSCOM_NODES_H_INCLUDED
#define NGX_OPSCOM_NODES_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_link.h"
#include "ngx_opscom_retry.h"


/* A Redis cluster has at most 1000 nodes; removed ones count until closed. */

#define NGX_OPSCOM_NODES_MOST 1100


typedef struct ngx_opscom_cluster_s ngx_opscom_cluster_t;


typedef struct {
    ngx_opscom_settings_t             *settings;
    ngx_opscom_account_t              *account;
    const ngx_opscom_link_handlers_t  *handlers; /* of all links */

    ngx_queue_t                        queue; /* of ngx_opscom_node_t */
    ngx_rbtree_t                       tree;  /* of those Redis named */
    ngx_rbtree_node_t                  sentinel;
    ngx_uint_t                         count;

    ngx_opscom_retry_t                 retry;
    ngx_opscom_cluster_t              *cluster; /* NULL: not a cluster */
} ngx_opscom_nodes_t;


/* A Redis server, or the addresses at which one is searched. */

typedef struct {
    ngx_str_node_t              name; /* "host:port", of one Redis named */
    ngx_queue_t                 queue;
    ngx_pool_t                 *pool;
    ngx_opscom_nodes_t         *nodes;
    ngx_array_t                 addresses; /* of ngx_opscom_address_t */
    ngx_opscom_named_address_t  named;
    ngx_opscom_link_t          *links; /* settings.connections of them */
    ngx_uint_t                  next;
    ngx_uint_t                  round; /* of the map that named it last */
    unsigned                    configured:1;
} ngx_opscom_node_t;


/* Prepares a zeroed structure whose first fields are set. */
void ngx_opscom_nodes_init(ngx_opscom_nodes_t *nodes,
    ngx_opscom_retry_send_pt send);

/* Adds a node with n configured addresses; NULL without memory. */
ngx_opscom_node_t *ngx_opscom_nodes_add(ngx_opscom_nodes_t *nodes,
    ngx_opscom_address_t *addresses, ngx_uint_t n);

/*
 * Finds a node by its name in Redis, or adds it.  NULL: that is no address,
 * there are too many nodes, or there is no memory.
 */
ngx_opscom_node_t *ngx_opscom_nodes_named(ngx_opscom_nodes_t *nodes,
    ngx_str_t *host, ngx_int_t port);

/* The text of its first address. */
#define ngx_opscom_nodes_name(node)                                           \
    (&((ngx_opscom_address_t *) (node)->addresses.elts)->text)

/* Closes a node that nothing is in flight to, and frees it. */
void ngx_opscom_nodes_remove(ngx_opscom_node_t *node);

/* The first node; there is at least one. */
ngx_opscom_node_t *ngx_opscom_nodes_first(ngx_opscom_nodes_t *nodes);

/* The one behind it, in a circle; NULL: the first. */
ngx_opscom_node_t *ngx_opscom_nodes_after(ngx_opscom_nodes_t *nodes,
    ngx_opscom_node_t *node);

/* A node's next link that is not lost, or else the next one. */
ngx_opscom_link_t *ngx_opscom_nodes_link(ngx_opscom_node_t *node);

/* Whether none of its links has calls or commands in flight. */
ngx_int_t ngx_opscom_nodes_is_free(ngx_opscom_node_t *node);

/* Closes all: the worker exits. */
void ngx_opscom_nodes_close(ngx_opscom_nodes_t *nodes);


#endif /* NGX_OPSCOM_NODES_H_INCLUDED */
