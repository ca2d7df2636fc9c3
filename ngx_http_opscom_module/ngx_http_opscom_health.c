
#include "ngx_http_opscom_answer.h"
#include "ngx_http_opscom_metrics.h"
#include "ngx_http_opscom_status.h"


static ngx_int_t ngx_http_opscom_health_send(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx);
static void      ngx_http_opscom_health_cancel(void *data);
static ngx_int_t ngx_http_opscom_health_read(
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_http_opscom_health_done(
    ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome);


ngx_int_t
ngx_http_opscom_health_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_opscom_ctx_t *ctx;
    static ngx_str_t       allow = ngx_string("GET, HEAD");

    ctx = ngx_http_opscom_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return ngx_http_opscom_answer_not_allowed(r, ctx, &allow);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_opscom_health_send(r, ctx) != NGX_OK) {
        return ngx_http_opscom_answer_error(
            r, ctx, NGX_HTTP_OPSCOM_STORE_UNAVAILABLE);
    }

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_opscom_health_send(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    ngx_opscom_call_t          *call;
    ngx_pool_cleanup_t         *cln;
    ngx_http_opscom_loc_conf_t *olcf;
    static ngx_str_t            ping = ngx_string("$4\r\nPING\r\n");

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    call = &ctx->call;

    call->read = ngx_http_opscom_health_read;
    call->done = ngx_http_opscom_health_done;
    call->data = ctx;
    call->words = ping;
    call->argc = 1;

    cln->handler = ngx_http_opscom_health_cancel;
    cln->data = call;

    ctx->sent_at = ngx_http_opscom_clock();

    if (ngx_opscom_store_send(olcf->store, call) != NGX_OK) {
        return NGX_DECLINED;
    }

    ctx->sent = 1;

    return NGX_OK;
}


static void
ngx_http_opscom_health_cancel(void *data)
{
    ngx_opscom_call_cancel(data);
}


static ngx_int_t
ngx_http_opscom_health_read(ngx_opscom_call_t *call, ngx_opscom_reply_t *reply)
{
    return reply->type == REDIS_REPLY_STATUS ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_opscom_health_done(
    ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome)
{
    ngx_int_t              rc;
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_http_opscom_ctx_t *ctx;
    static ngx_str_t       type = ngx_string("application/json");
    static ngx_str_t       body = ngx_string("{\"status\":\"ok\"}\n");

    ctx = call->data;
    r = ctx->request;
    c = r->connection;

    ctx->store_time = ngx_http_opscom_clock() - ctx->sent_at;

    if (outcome == NGX_OPSCOM_DONE) {
        rc = ngx_http_opscom_answer_text(r, ctx, &type, &body);

    } else {
        rc = ngx_http_opscom_answer_error(
            r, ctx, NGX_HTTP_OPSCOM_STORE_UNAVAILABLE);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}
