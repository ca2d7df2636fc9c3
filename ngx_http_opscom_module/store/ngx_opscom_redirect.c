
/* MOVED and ASK: the slot of a call is served by another node. */


#include "ngx_opscom_redirect.h"
#include "ngx_opscom_text.h"


static ngx_int_t ngx_opscom_redirect_parse(ngx_opscom_link_t *link,
    ngx_str_t *text, ngx_int_t *slot, ngx_opscom_node_t **node);
static ngx_int_t ngx_opscom_redirect_follow(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_opscom_node_t *node);


/* The slot is being moved: only this call is sent there. */

static ngx_str_t  ngx_opscom_redirect_once = ngx_string("ASK ");


ngx_int_t
ngx_opscom_redirect(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_str_t *text)
{
    ngx_int_t           slot;
    ngx_opscom_node_t  *node;

    if (ngx_opscom_redirect_parse(link, text, &slot, &node) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_opscom_text_starts_with(text, &ngx_opscom_redirect_once)) {
        call->asking = 1;
        return ngx_opscom_redirect_follow(link, call, node);
    }

    if (ngx_opscom_cluster_assign(node->nodes, slot, node) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_opscom_cluster_refresh(node->nodes);

    return ngx_opscom_redirect_follow(link, call, node);
}


/* The port is behind the last colon: the host may be an IPv6 address. */

static ngx_int_t
ngx_opscom_redirect_parse(ngx_opscom_link_t *link, ngx_str_t *text,
    ngx_int_t *slot, ngx_opscom_node_t **node)
{
    u_char             *p, *last, *colon, *space;
    ngx_str_t           host;
    ngx_opscom_node_t  *from;

    from = link->data;
    last = text->data + text->len;

    p = ngx_strlchr(text->data, last, ' ');
    space = p ? ngx_strlchr(p + 1, last, ' ') : NULL;

    if (space == NULL) {
        return NGX_ERROR;
    }

    *slot = ngx_atoi(p + 1, space - p - 1);

    for (colon = last - 1; colon > space && *colon != ':'; colon--) {
        /* void */
    }

    host.data = space + 1;
    host.len = colon > space ? (size_t) (colon - space - 1) : 0;

    /* without a host it is that of the node that redirects */

    if (host.len == 0) {
        host = link->target->host;
    }

    *node = ngx_opscom_nodes_named(from->nodes, &host,
                                   ngx_atoi(colon + 1, last - colon - 1));

    return *node ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_opscom_redirect_follow(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_node_t *node)
{
    ngx_int_t  rc;

    ngx_opscom_link_part(link, call);

    rc = ngx_opscom_link_send(ngx_opscom_nodes_link(node), call);

    if (rc != NGX_OK) {
        call->asking = 0;
        ngx_opscom_call_done(call, ngx_opscom_call_outcome(call));
    }

    return NGX_OK;
}
