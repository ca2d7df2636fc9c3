
/* Redis Cluster: which node has which slot. */


#ifndef NGX_OPSCOM_CLUSTER_H_INCLUDED
#define NGX_OPSCOM_CLUSTER_H_INCLUDED


#include "ngx_opscom_nodes.h"


/* Prepares for a cluster; NGX_ERROR without memory. */
ngx_int_t ngx_opscom_cluster_init(ngx_opscom_nodes_t *nodes);

/* The node that has the slot of a hash tag, as far as is known. */
ngx_opscom_node_t *ngx_opscom_cluster_pick(ngx_opscom_nodes_t *nodes,
    ngx_str_t *tag);

/* Asks for the map of slots anew, soon, but not too often. */
void ngx_opscom_cluster_refresh(ngx_opscom_nodes_t *nodes);

/* A node has moved: the slot (0 to 16383) is served by that one now. */
ngx_int_t ngx_opscom_cluster_assign(ngx_opscom_nodes_t *nodes, ngx_int_t slot,
    ngx_opscom_node_t *node);

/* The worker exits. */
void ngx_opscom_cluster_close(ngx_opscom_nodes_t *nodes);


#endif /* NGX_OPSCOM_CLUSTER_H_INCLUDED */
