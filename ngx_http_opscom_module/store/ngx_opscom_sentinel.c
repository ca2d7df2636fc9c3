
/*
 * Redis Sentinel: where the master is.  Each connection asks anew, so that a
 * failover is followed as soon as the old master is lost or turns READONLY.
 */


#include "ngx_opscom_sentinel.h"


static void ngx_opscom_sentinel_reply(void *data, ngx_opscom_reply_t *reply);


void
ngx_opscom_sentinel_ask(ngx_opscom_link_t *link)
{
    ngx_str_t  argv[3];

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "GET-MASTER-ADDR-BY-NAME");
    argv[2] = link->settings->sentinel;

    if (ngx_opscom_link_command(link, argv, 3, ngx_opscom_sentinel_reply)
        != NGX_OK)
    {
        ngx_opscom_link_fail(link, "no memory", 0);
    }
}


static void
ngx_opscom_sentinel_reply(void *data, ngx_opscom_reply_t *reply)
{
    ngx_str_t          *port;
    ngx_opscom_link_t  *link;

    link = data;

    if (reply->type != REDIS_REPLY_ARRAY || reply->nelts != 2) {
        ngx_opscom_link_fail(link, "sentinel does not know the master", 0);
        return;
    }

    port = &reply->elts[1]->text;

    if (ngx_opscom_address_name(&link->named, &reply->elts[0]->text,
                                ngx_atoi(port->data, port->len))
        != NGX_OK)
    {
        ngx_opscom_link_fail(link, "sentinel returned an invalid address", 0);
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, &link->log, 0,
                   "opscom: redis %V: the master is %V",
                   ngx_opscom_link_name(link), &link->named.address.text);

    ngx_opscom_link_follow(link);
}
