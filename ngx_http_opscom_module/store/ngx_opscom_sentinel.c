
/*
 * Redis Sentinel: where the master is.  Each connection asks anew, so that a
 * failover is followed as soon as the old master is lost or turns READONLY.
 */


#include "ngx_opscom_link.h"


static void ngx_opscom_sentinel_told(
    ngx_opscom_link_t *link, ngx_opscom_reply_t *reply);
static ngx_int_t ngx_opscom_sentinel_master(
    ngx_opscom_link_t *link, ngx_str_t *host, ngx_str_t *port);


ngx_int_t
ngx_opscom_sentinel_ask(ngx_opscom_link_t *link)
{
    ngx_str_t argv[3];

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "GET-MASTER-ADDR-BY-NAME");
    argv[2] = link->settings->sentinel;

    return ngx_opscom_link_command(link, argv, 3, ngx_opscom_sentinel_told,
        link->settings->connect_timeout);
}


static void
ngx_opscom_sentinel_told(ngx_opscom_link_t *link, ngx_opscom_reply_t *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->nelts != 2) {
        ngx_opscom_link_fail(link, "the sentinel knows no such master", 0);
        return;
    }

    if (ngx_opscom_sentinel_master(
            link, &reply->elts[0]->text, &reply->elts[1]->text)
        != NGX_OK)
    {
        ngx_opscom_link_fail(link, "the sentinel named no address", 0);
        return;
    }

    ngx_opscom_reach_close(link);
    link->asking = 0;

    (void) ngx_opscom_reach_address(link, &link->master);
}


/* Keeps the address of the master in memory of the link's own. */

static ngx_int_t
ngx_opscom_sentinel_master(
    ngx_opscom_link_t *link, ngx_str_t *host, ngx_str_t *port)
{
    ngx_int_t n;

    n = ngx_atoi(port->data, port->len);

    if (n < 1 || n > 65535) {
        return NGX_ERROR;
    }

    return ngx_opscom_address_set(
        &link->master, &link->master_room, host, (in_port_t) n);
}
