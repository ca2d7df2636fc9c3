
/* The request body, from wherever nginx has it, to the parser. */


#ifndef NGX_HTTP_OPSCOM_BODY_H_INCLUDED
#define NGX_HTTP_OPSCOM_BODY_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"


/*
 * Reads the body into ctx->parser and calls body() with the outcome as soon
 * as that is final.  A body that something else has read (mirror, error_page,
 * client_body_early_read, scripts), into memory or into a file, is read from
 * there and left as it is; any other is read unbuffered, in memory of a fixed
 * size.  Returns what a content handler returns.
 */
ngx_int_t ngx_http_opscom_body_read(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_body_pt body);

/*
 * Starts to read a body unbuffered, or finds that it was read: r->request_body
 * is set before.  Returns what a content handler returns.
 */
ngx_int_t ngx_http_opscom_body_start(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);


#endif /* NGX_HTTP_OPSCOM_BODY_H_INCLUDED */
