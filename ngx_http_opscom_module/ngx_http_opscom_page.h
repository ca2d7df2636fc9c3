
/* The status as a page for browsers. */


#ifndef NGX_HTTP_OPSCOM_PAGE_H_INCLUDED
#define NGX_HTTP_OPSCOM_PAGE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Makes the page around the metrics as JSON, in the request's pool, and sets
 * its headers.  NGX_ERROR without memory.
 */
ngx_int_t ngx_http_opscom_page(ngx_http_request_t *r, const ngx_str_t *json,
    ngx_str_t *body);


#endif /* NGX_HTTP_OPSCOM_PAGE_H_INCLUDED */
