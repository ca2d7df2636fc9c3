
/*
 * What every answer of a location with one of the handlers passes: its common
 * headers are added here, and an error that nginx itself makes (413 of
 * client_max_body_size, 503 of limit_req, 403 of deny ...) becomes JSON.
 */


#include "ngx_http_opscom_answer.h"
#include "ngx_http_opscom_metrics.h"


static ngx_int_t ngx_http_opscom_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_opscom_body_filter(
    ngx_http_request_t *r, ngx_chain_t *in);
static ngx_int_t ngx_http_opscom_replace(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_opscom_ctx_t *ctx);


static ngx_http_output_header_filter_pt ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt   ngx_http_next_body_filter;

static ngx_str_t ngx_http_opscom_cache_control = ngx_string("Cache-Control");
static ngx_str_t ngx_http_opscom_no_store = ngx_string("no-store");


ngx_int_t
ngx_http_opscom_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_opscom_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_opscom_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_header_filter(ngx_http_request_t *r)
{
    ngx_http_opscom_ctx_t      *ctx;
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    if (olcf->handler == NULL || r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_opscom_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (!ctx->answered && r->headers_out.status >= NGX_HTTP_BAD_REQUEST
        && ngx_http_opscom_replace(r, olcf, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_opscom_add_header(
            r, &ngx_http_opscom_cache_control, &ngx_http_opscom_no_store)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (olcf->cors_origins && ngx_http_opscom_cors_headers(r, olcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_opscom_metrics_request(r, olcf, ctx);

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_opscom_replace(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_opscom_ctx_t *ctx)
{
    ngx_uint_t                 status;
    ngx_http_opscom_error_id_t id;

    status = r->headers_out.status;
    id = ngx_http_opscom_error_of_status(status);

    if (ngx_http_opscom_error_body(r, ctx, id, status, &ctx->own_body)
        != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->result_name = ngx_http_opscom_errors[id].code;
    ctx->result_id = NGX_HTTP_OPSCOM_RESULT_ERRORS + id;
    ctx->replacing = 1;

    ngx_http_opscom_json_headers(r, ctx->own_body.len);

    r->headers_out.charset.len = 0;

    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    if (r->headers_out.content_length) {
        r->headers_out.content_length->hash = 0;
        r->headers_out.content_length = NULL;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t             *b;
    ngx_chain_t           *cl, out;
    ngx_http_opscom_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx == NULL || !ctx->replacing || in == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    if (ctx->replaced) {
        return NGX_OK;
    }

    ctx->replaced = 1;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = ctx->own_body.data;
    b->last = ctx->own_body.data + ctx->own_body.len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}
