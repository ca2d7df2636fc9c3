
/* The form of the status that a client prefers, by RFC 9110, 12.5.1. */


#ifndef NGX_HTTP_OPSCOM_ACCEPT_H_INCLUDED
#define NGX_HTTP_OPSCOM_ACCEPT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef enum {
    NGX_HTTP_OPSCOM_STATUS_ANY, /* what the client prefers */
    NGX_HTTP_OPSCOM_STATUS_JSON,
    NGX_HTTP_OPSCOM_STATUS_PROMETHEUS,
    NGX_HTTP_OPSCOM_STATUS_HTML,
    NGX_HTTP_OPSCOM_STATUS_FORMATS
} ngx_http_opscom_status_format_t;


/*
 * Never NGX_HTTP_OPSCOM_STATUS_ANY.  All Accept headers of the request count
 * as one list; elements that are broken are ignored.
 *
 * HTML where text/html is preferred to JSON: it has a higher quality, or the
 * same one and is named more closely.  Prometheus where its text format or
 * OpenMetrics is named (no wildcard does) and nothing else is preferred.  JSON
 * otherwise, also where nothing of what the client wants can be had.
 */
ngx_http_opscom_status_format_t ngx_http_opscom_accept(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_ACCEPT_H_INCLUDED */
