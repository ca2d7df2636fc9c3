
/* The content handler of the endpoints, up to the validated permit. */


#ifndef NGX_HTTP_OPSCOM_HANDLER_H_INCLUDED
#define NGX_HTTP_OPSCOM_HANDLER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "permit/permit_parser.h"

#include "ngx_http_opscom_ctx.h"


/*
 * Checks the request line and headers, reads and validates the body, and
 * executes the request as the location's endpoint does.
 */
ngx_int_t ngx_http_opscom_handler(ngx_http_request_t *r);

/*
 * The part before the body: method and headers.  NGX_DECLINED: all is well,
 * and the ctx has its memory from the request's pool.  Anything else is what a
 * content handler returns.
 */
ngx_int_t ngx_http_opscom_handler_begin(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t **ctx);

/* The part behind the body: validates ctx->permit, which was parsed so. */
ngx_http_opscom_error_id_t ngx_http_opscom_handler_error(
    ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules,
    permit_parse_t outcome);


#endif /* NGX_HTTP_OPSCOM_HANDLER_H_INCLUDED */
