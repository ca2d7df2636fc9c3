
/* A request's call to Redis: how it starts and how it ends. */


#include "ngx_http_opscom_call.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_response.h"


static ngx_int_t ngx_http_opscom_call_submit(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);
static void ngx_http_opscom_call_cancel(void *data);
static void ngx_http_opscom_call_done(ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome);


ngx_int_t
ngx_http_opscom_call_send(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_read_pt read, ngx_http_opscom_call_pt ended)
{
    ctx->ended = ended;
    ctx->call.read = read;
    ctx->call.done = ngx_http_opscom_call_done;
    ctx->call.data = ctx;

    if (ngx_http_opscom_call_submit(r, ctx) != NGX_OK) {
        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_STORE_UNAVAILABLE);
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_opscom_call_submit(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_pool_cleanup_t          *cln;
    ngx_http_opscom_loc_conf_t  *olcf;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_opscom_call_cancel;
    cln->data = &ctx->call;

    ctx->sent_at = ngx_http_opscom_metrics_clock();

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    rc = ngx_opscom_store_send(olcf->store, &ctx->call);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "opscom call sent: %i", rc);

    ctx->sent = rc == NGX_OK;

    if (rc == NGX_BUSY) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "opscom: too many commands in flight");
    }

    return rc;
}


static void
ngx_http_opscom_call_cancel(void *data)
{
    ngx_opscom_store_cancel(data);
}


static void
ngx_http_opscom_call_done(ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_opscom_ctx_t  *ctx;

    ctx = call->data;
    r = ctx->request;
    c = r->connection;

    ctx->store_time = ngx_http_opscom_metrics_clock() - ctx->sent_at;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "opscom call done: %d, %uL us", outcome, ctx->store_time);

    rc = ctx->ended(r, ctx, outcome);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}
