
/*
 * Bulk requests: an array of permits in, an array of results out, both as
 * streams and in memory of a fixed size.
 */


#ifndef NGX_HTTP_OPSCOM_BULK_H_INCLUDED
#define NGX_HTTP_OPSCOM_BULK_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* The content handler of the endpoint. */
ngx_int_t ngx_http_opscom_bulk_handler(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_BULK_H_INCLUDED */
