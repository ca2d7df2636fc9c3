
/* A request's call to Redis: how it starts and how it ends. */


#ifndef NGX_HTTP_OPSCOM_CALL_H_INCLUDED
#define NGX_HTTP_OPSCOM_CALL_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"
#include "store/ngx_opscom_call.h"


/*
 * Sends ctx->call, whose command is set.  NGX_DONE: ended() will be called,
 * unless the request ends first.  Any other value: nothing was sent, the reason
 * is logged, and the value is that of the 503 that the request was answered.
 */
ngx_int_t ngx_http_opscom_call_send(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_read_pt read,
    ngx_http_opscom_call_pt ended);


#endif /* NGX_HTTP_OPSCOM_CALL_H_INCLUDED */
