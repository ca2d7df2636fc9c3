
/* Header and body filter of all responses in locations with a handler. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_cors.h"
#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_filter.h"
#include "ngx_http_opscom_headers.h"
#include "ngx_http_opscom_response.h"


static ngx_int_t ngx_http_opscom_filter_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_opscom_filter_headers(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_int_t ngx_http_opscom_filter_may_be_followed(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_opscom_filter_allow(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_uint_t ngx_http_opscom_filter_is_replaced(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);
static ngx_int_t ngx_http_opscom_filter_replace(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);
static void ngx_http_opscom_filter_count(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_opscom_ctx_t *ctx);
static ngx_int_t ngx_http_opscom_filter_body(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


void
ngx_http_opscom_filter_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_opscom_filter_header;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_opscom_filter_body;
}


static ngx_int_t
ngx_http_opscom_filter_header(ngx_http_request_t *r)
{
    ngx_http_opscom_ctx_t       *ctx;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    if (olcf->handler == NULL) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_opscom_ctx_get(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_opscom_filter_is_replaced(r, ctx)
        && ngx_http_opscom_filter_replace(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r == r->main && ngx_http_opscom_filter_headers(r, olcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (r == r->main && !ngx_http_opscom_filter_may_be_followed(r)) {
        r->keepalive = 0;
        r->lingering_close = 1;
    }

    ngx_http_opscom_filter_count(r, olcf, ctx);

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_opscom_filter_headers(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf)
{
    static ngx_str_t  cache_control = ngx_string("Cache-Control");
    static ngx_str_t  no_store = ngx_string("no-store");
    static ngx_str_t  retry_after = ngx_string("Retry-After");
    static ngx_str_t  seconds = ngx_string("1");

    if (ngx_http_opscom_headers_add(r, &cache_control, &no_store) != NGX_OK) {
        return NGX_ERROR;
    }

    if ((r->headers_out.status == NGX_HTTP_TOO_MANY_REQUESTS
         || r->headers_out.status == NGX_HTTP_SERVICE_UNAVAILABLE)
        && !ngx_http_opscom_headers_has(r, &retry_after)
        && ngx_http_opscom_headers_add(r, &retry_after, &seconds) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_opscom_filter_allow(r, olcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (olcf->cors_origins) {
        return ngx_http_opscom_cors_headers(r, olcf->cors_origins);
    }

    return NGX_OK;
}


/*
 * A client that announces no body, or less than it sends, goes on with what is
 * no request: nginx would log it, with the token, as the line of one.
 */

static ngx_int_t
ngx_http_opscom_filter_may_be_followed(ngx_http_request_t *r)
{
    u_char     *p, *last, *start;
    ngx_buf_t  *b;

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return 1;
    }

    b = r->header_in;

    if (r->headers_in.content_length == NULL && !r->headers_in.chunked
        && ((r->method & (NGX_HTTP_POST|NGX_HTTP_PUT|NGX_HTTP_PATCH))
            || (b->pos == b->last && b->last == b->end)))
    {
        return 0;
    }

    last = b->last;

    for (p = b->pos; p < last && (*p == CR || *p == LF); p++) {
        /* void */
    }

    /* "GET /", "GET http://" or "OPTIONS *", as far as it has come */

    for (start = p; p < last && *p >= 'A' && *p <= 'Z'; p++) {
        /* void */
    }

    if (p == last) {
        return 1;
    }

    return p > start && *p == ' '
           && (p + 1 == last || p[1] == '/' || p[1] == 'h' || p[1] == '*');
}


/* The methods, where they were not met, or asked for by a preflight. */

static ngx_int_t
ngx_http_opscom_filter_allow(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_str_t         *methods;
    static ngx_str_t   allow = ngx_string("Allow");
    static ngx_str_t   get = ngx_string("GET, HEAD");
    static ngx_str_t   post = ngx_string("POST");
    static ngx_str_t   post_or_options = ngx_string("POST, OPTIONS");

    if ((r->headers_out.status != NGX_HTTP_NOT_ALLOWED
         && r->headers_out.status != NGX_HTTP_NO_CONTENT)
        || ngx_http_opscom_headers_has(r, &allow))
    {
        return NGX_OK;
    }

    methods = olcf->cors_origins ? &post_or_options : &post;

    if (olcf->endpoint == NULL) {
        methods = &get;
    }

    return ngx_http_opscom_headers_add(r, &allow, methods);
}


/* Redirects, too; 304 has no body. */

static ngx_uint_t
ngx_http_opscom_filter_is_replaced(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    return !ctx->answered
           && r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE
           && r->headers_out.status != NGX_HTTP_NOT_MODIFIED;
}


static ngx_int_t
ngx_http_opscom_filter_replace(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    ngx_uint_t                  status;
    ngx_http_opscom_error_id_t  id;

    status = r->headers_out.status;
    id = ngx_http_opscom_errors_find(status);

    if (ngx_http_opscom_response_error_body(r, ctx, id, status, &ctx->own_body)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->result = NGX_HTTP_OPSCOM_RESULT_ERROR + id;
    ctx->replacing = 1;

    ngx_http_opscom_response_json(r, ctx->own_body.len);

    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    if (r->headers_out.content_length) {
        r->headers_out.content_length->hash = 0;
        r->headers_out.content_length = NULL;
    }

    if (r->headers_out.content_encoding) {
        r->headers_out.content_encoding->hash = 0;
        r->headers_out.content_encoding = NULL;
    }

    return NGX_OK;
}


static void
ngx_http_opscom_filter_count(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_opscom_ctx_t *ctx)
{
    if (olcf->endpoint == NULL || ctx->counted) {
        return;
    }

    ctx->counted = 1;

    ngx_http_opscom_metrics_request(ngx_http_opscom_conf_metrics(r),
                                    olcf->endpoint->id, ctx->result,
                                    &ctx->permit);
}


static ngx_int_t
ngx_http_opscom_filter_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t            *cl;
    ngx_http_opscom_ctx_t  *ctx;

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

    return ngx_http_opscom_response_body(r, &ctx->own_body,
                                         ngx_http_next_body_filter);
}
