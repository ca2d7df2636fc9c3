
/* The content handler of opscom_health. */


#include "ngx_http_opscom_call.h"
#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_health.h"
#include "ngx_http_opscom_response.h"


static ngx_int_t ngx_http_opscom_health_read(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply);
static ngx_int_t ngx_http_opscom_health_ended(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_outcome_t outcome);


ngx_int_t
ngx_http_opscom_health_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_opscom_ctx_t  *ctx;
    static ngx_str_t        ping = ngx_string("$4\r\nPING\r\n");

    ctx = ngx_http_opscom_response_get(r, &rc);
    if (ctx == NULL) {
        return rc;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->call.words = ping;
    ctx->call.argc = 1;
    ctx->call.reads = 1;
    ctx->call.once = 1;

    rc = ngx_http_opscom_call_send(r, ctx, ngx_http_opscom_health_read,
                                   ngx_http_opscom_health_ended);
    if (rc == NGX_DONE) {
        r->main->count++;
    }

    return rc;
}


static ngx_int_t
ngx_http_opscom_health_read(ngx_opscom_call_t *call, ngx_opscom_reply_t *reply)
{
    return reply->type == REDIS_REPLY_STATUS ? NGX_DECLINED
                                              : NGX_ERROR;
}


static ngx_int_t
ngx_http_opscom_health_ended(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_outcome_t outcome)
{
    static ngx_str_t  type = ngx_string("application/json");
    static ngx_str_t  body = ngx_string("{\"status\":\"ok\"}\n");

    if (outcome != NGX_OPSCOM_DONE) {
        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_STORE_UNAVAILABLE);
    }

    return ngx_http_opscom_response_text(r, ctx, &type, &body);
}
