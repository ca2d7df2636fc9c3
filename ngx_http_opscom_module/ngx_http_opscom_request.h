
/* What a push, an update or a delete goes through. */


#ifndef NGX_HTTP_OPSCOM_REQUEST_H_INCLUDED
#define NGX_HTTP_OPSCOM_REQUEST_H_INCLUDED


#include "ngx_http_opscom_module.h"


extern const ngx_http_opscom_endpoint_t
    ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_ENDPOINTS];


/* The content handler of the three endpoints: method, headers, body. */
ngx_int_t ngx_http_opscom_handler(ngx_http_request_t *r);

/*
 * Reads the body as it arrives, and goes on with it; ends the request when
 * something is wrong.  A handler of ngx_http_read_client_request_body().
 */
void ngx_http_opscom_body(ngx_http_request_t *r);

/*
 * Stores the judged permit.  NGX_DONE: the request will be ended later;
 * otherwise what ngx_http_finalize_request() takes.
 */
ngx_int_t ngx_http_opscom_write(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx);


#endif /* NGX_HTTP_OPSCOM_REQUEST_H_INCLUDED */
