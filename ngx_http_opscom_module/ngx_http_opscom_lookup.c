
/* From a validated lookup to its script in Redis, and back with permits. */


#include "ngx_http_opscom_call.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_digest.h"
#include "ngx_http_opscom_lookup.h"
#include "ngx_http_opscom_now.h"
#include "ngx_http_opscom_response.h"
#include "ngx_http_opscom_text.h"

#include "permit/permit_time.h"


/* What the response has beside the permits, at most. */

#define NGX_HTTP_OPSCOM_LOOKUP_SIZE                                           \
    (sizeof("{\"status\":\"success\",\"at\":\"1970-01-01T00:00:00Z\","        \
            "\"valid\":false,\"permits\":,\"more\":true}"))


static ngx_int_t ngx_http_opscom_lookup_prepare(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);
static ngx_int_t ngx_http_opscom_lookup_moment(ngx_http_request_t *r,
    permit_t *permit);
static ngx_str_t ngx_http_opscom_lookup_value(ngx_http_opscom_ctx_t *ctx,
    permit_id_t id);
static ngx_int_t ngx_http_opscom_lookup_read(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply);
static ngx_int_t ngx_http_opscom_lookup_body(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_found_t *found);
static ngx_int_t ngx_http_opscom_lookup_ended(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_outcome_t outcome);


ngx_int_t
ngx_http_opscom_lookup(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    if (ngx_http_opscom_lookup_prepare(r, ctx) != NGX_OK) {
        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_INTERNAL_ERROR);
    }

    return ngx_http_opscom_call_send(r, ctx, ngx_http_opscom_lookup_read,
                                     ngx_http_opscom_lookup_ended);
}


static ngx_int_t
ngx_http_opscom_lookup_prepare(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    u_char                       digest[NGX_OPSCOM_DIGEST_LEN];
    ngx_str_t                    token;
    ngx_opscom_lookup_t          lookup;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);
    token = ngx_http_opscom_lookup_value(ctx, PERMIT_TOKEN);

    if (ngx_http_opscom_digest_token(digest, &token) != NGX_OK
        || ngx_http_opscom_lookup_moment(r, &ctx->permit) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->reference_id = ngx_http_opscom_lookup_value(ctx, PERMIT_REFERENCE_ID);

    lookup.prefix = olcf->prefix;
    lookup.client = ctx->client;
    lookup.token_digest.data = digest;
    lookup.token_digest.len = NGX_OPSCOM_DIGEST_LEN;
    lookup.reference_id = ctx->reference_id;
    lookup.plate = ngx_http_opscom_lookup_value(ctx, PERMIT_PLATE);
    lookup.zone = ngx_http_opscom_lookup_value(ctx, PERMIT_ZONE);
    lookup.at = ctx->permit.at_ts;

    return ngx_opscom_permits_lookup(&ctx->call, &lookup, r->pool);
}


/* Now, where the client names no moment. */

static ngx_int_t
ngx_http_opscom_lookup_moment(ngx_http_request_t *r, permit_t *permit)
{
    u_char         *p;
    ngx_str_t       now;
    permit_text_t  *at;

    at = &permit->stored[PERMIT_AT][0];

    if (at->len) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, PERMIT_TIME_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    permit->at_ts = ngx_http_opscom_now(&now);

    /* without its milliseconds */

    ngx_memcpy(p, now.data, PERMIT_TIME_LEN - 1);
    p[PERMIT_TIME_LEN - 1] = 'Z';

    at->data = (char *) p;
    at->len = PERMIT_TIME_LEN;

    return NGX_OK;
}


/* An attribute in its normal form; empty where it is absent. */

static ngx_str_t
ngx_http_opscom_lookup_value(ngx_http_opscom_ctx_t *ctx, permit_id_t id)
{
    ngx_str_t             value;
    const permit_text_t  *text;

    text = &ctx->permit.stored[id][0];

    value.data = (u_char *) text->data;
    value.len = text->len;

    return value;
}


static ngx_int_t
ngx_http_opscom_lookup_read(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_str_t               asked;
    ngx_int_t               rc;
    ngx_opscom_found_t      found;
    ngx_http_opscom_ctx_t  *ctx;

    ctx = call->data;
    asked = ctx->reference_id;

    if (asked.len == 0) {
        asked = ngx_http_opscom_lookup_value(ctx, PERMIT_PLATE);
    }

    rc = ngx_opscom_results_lookup(reply, &asked, &found, ctx->request->pool);

    if (rc != NGX_DECLINED) {
        return NGX_ERROR;
    }

    ctx->written.verdict = found.verdict;
    ctx->written.label = found.label;

    if (found.verdict != NGX_OPSCOM_WRITTEN) {
        return NGX_DECLINED;
    }

    return ngx_http_opscom_lookup_body(ctx, &found) == NGX_OK ? NGX_DECLINED
                                                              : NGX_ERROR;
}


/* The reply does not outlive its read(): the permits are copied here, once. */

static ngx_int_t
ngx_http_opscom_lookup_body(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_found_t *found)
{
    ngx_str_t               at;
    ngx_http_opscom_text_t  text;

    ngx_http_opscom_text_init(&text, ctx->request->pool,
                              NGX_HTTP_OPSCOM_LOOKUP_SIZE
                              + found->permits.len);

    at = ngx_http_opscom_lookup_value(ctx, PERMIT_AT);

    ngx_http_opscom_text_literal(&text, "{\"status\":\"success\",\"at\":\"");
    ngx_http_opscom_text_append(&text, &at);

    if (found->valid) {
        ngx_http_opscom_text_literal(&text, "\",\"valid\":true,\"permits\":");

    } else {
        ngx_http_opscom_text_literal(&text, "\",\"valid\":false,\"permits\":");
    }

    ngx_http_opscom_text_append(&text, &found->permits);

    if (found->more) {
        ngx_http_opscom_text_literal(&text, ",\"more\":true");
    }

    ngx_http_opscom_text_byte(&text, '}');

    return ngx_http_opscom_text_end(&text, &ctx->found);
}


/* Nothing was written: an attempt that may have been executed is no 504. */

static ngx_int_t
ngx_http_opscom_lookup_ended(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_outcome_t outcome)
{
    ngx_http_opscom_metrics_trip(ngx_http_opscom_conf_metrics(r),
                                 ctx->store_time);

    if (outcome != NGX_OPSCOM_DONE) {
        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_STORE_UNAVAILABLE);
    }

    switch (ctx->written.verdict) {

    case NGX_OPSCOM_WRITTEN:
        return ngx_http_opscom_response_found(r, ctx);

    case NGX_OPSCOM_NOT_FOUND:
        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_RECORD_NOT_FOUND);

    case NGX_OPSCOM_TOO_MANY:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "opscom: a plate of \"%V\" has too many permits to tell"
                      " whether one is valid", &ctx->client);

        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_STORE_UNAVAILABLE);

    default:
        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_TOKEN_REFUSED);
    }
}
