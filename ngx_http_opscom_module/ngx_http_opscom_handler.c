
/* The content handler of the endpoints, up to the validated permit. */


#include "ngx_http_opscom_body.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_cors.h"
#include "ngx_http_opscom_handler.h"
#include "ngx_http_opscom_headers.h"
#include "ngx_http_opscom_media_type.h"
#include "ngx_http_opscom_response.h"

#include "permit/permit_validate.h"
#include "store/ngx_opscom_text.h"


#define NGX_HTTP_OPSCOM_MAX_CLIENT 64
#define NGX_HTTP_OPSCOM_MAX_KEY    255


/* The error of a request, or NGX_HTTP_OPSCOM_NO_ERROR. */

typedef ngx_http_opscom_error_id_t (*ngx_http_opscom_check_pt)(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);


static ngx_int_t ngx_http_opscom_handler_method(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_handler_check(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_handler_client(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_int_t ngx_http_opscom_handler_segment(ngx_http_request_t *r,
    ngx_str_t *client);
static ngx_http_opscom_error_id_t ngx_http_opscom_handler_type(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_handler_key(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_handler_length(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_int_t ngx_http_opscom_handler_parser(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf);
static void *ngx_http_opscom_handler_alloc(void *pool, size_t size);
static void ngx_http_opscom_handler_free(void *pool, void *block);
static ngx_int_t ngx_http_opscom_handler_validate(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, permit_parse_t outcome);
static ngx_http_opscom_error_id_t ngx_http_opscom_handler_token(
    ngx_http_opscom_ctx_t *ctx);


/* In the order in which errors are reported. */

static const ngx_http_opscom_check_pt  ngx_http_opscom_handler_checks[] = {
    ngx_http_opscom_handler_client,
    ngx_http_opscom_handler_type,
    ngx_http_opscom_handler_key,
    ngx_http_opscom_handler_length,
};

#define NGX_HTTP_OPSCOM_CHECKS                                                \
    (sizeof(ngx_http_opscom_handler_checks)                                   \
     / sizeof(ngx_http_opscom_handler_checks[0]))


static const ngx_http_opscom_error_id_t  ngx_http_opscom_handler_parse[] = {
    [PERMIT_PARSE_OK] = NGX_HTTP_OPSCOM_NO_ERROR,
    [PERMIT_PARSE_ELEMENT] = NGX_HTTP_OPSCOM_NO_ERROR,
    [PERMIT_PARSE_MALFORMED] = NGX_HTTP_OPSCOM_MALFORMED_JSON,
    [PERMIT_PARSE_NOT_AN_OBJECT] = NGX_HTTP_OPSCOM_NOT_AN_OBJECT,
    [PERMIT_PARSE_NOT_AN_ARRAY] = NGX_HTTP_OPSCOM_NOT_AN_ARRAY,
    [PERMIT_PARSE_TOO_LARGE] = NGX_HTTP_OPSCOM_TOO_LARGE,
    [PERMIT_PARSE_NO_MEMORY] = NGX_HTTP_OPSCOM_INTERNAL_ERROR,
};


ngx_int_t
ngx_http_opscom_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_opscom_ctx_t       *ctx;
    ngx_http_opscom_loc_conf_t  *olcf;

    rc = ngx_http_opscom_handler_begin(r, &ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    if (ngx_http_opscom_handler_parser(r, ctx, olcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_opscom_body_read(r, ctx, ngx_http_opscom_handler_validate);
}


ngx_int_t
ngx_http_opscom_handler_begin(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t **begun)
{
    ngx_http_opscom_ctx_t       *ctx;
    ngx_http_opscom_loc_conf_t  *olcf;
    ngx_http_opscom_error_id_t   error;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    ctx = ngx_http_opscom_ctx_get(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->endpoint = olcf->endpoint;
    *begun = ctx;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_opscom_handler_method(r, ctx, olcf);
    }

    error = ngx_http_opscom_handler_check(r, ctx, olcf);

    if (error != NGX_HTTP_OPSCOM_NO_ERROR) {
        return ngx_http_opscom_response_error(r, ctx, error);
    }

    ctx->memory.alloc = ngx_http_opscom_handler_alloc;
    ctx->memory.free = ngx_http_opscom_handler_free;
    ctx->memory.ctx = r->pool;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_opscom_handler_method(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf)
{
    if (olcf->cors_origins == NULL || r->method != NGX_HTTP_OPTIONS) {
        return ngx_http_opscom_response_error(r, ctx,
                                          NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED);
    }

    if (ngx_http_opscom_cors_preflight(r, olcf->cors_origins) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_opscom_response_no_content(r, ctx);
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_handler_check(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_uint_t                  i;
    ngx_http_opscom_error_id_t  error;

    for (i = 0; i < NGX_HTTP_OPSCOM_CHECKS; i++) {
        error = ngx_http_opscom_handler_checks[i](r, ctx, olcf);

        if (error != NGX_HTTP_OPSCOM_NO_ERROR) {
            return error;
        }
    }

    return NGX_HTTP_OPSCOM_NO_ERROR;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_handler_client(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf)
{
    u_char      c;
    ngx_str_t   client;
    ngx_uint_t  i;

    if (olcf->client) {
        if (ngx_http_complex_value(r, olcf->client, &client) != NGX_OK) {
            return NGX_HTTP_OPSCOM_INTERNAL_ERROR;
        }

    } else if (ngx_http_opscom_handler_segment(r, &client) != NGX_OK) {
        return NGX_HTTP_OPSCOM_CLIENT_MISSING;
    }

    if (client.len == 0 || client.len > NGX_HTTP_OPSCOM_MAX_CLIENT) {
        return NGX_HTTP_OPSCOM_CLIENT_MISSING;
    }

    for (i = 0; i < client.len; i++) {
        c = client.data[i];

        if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
            && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-')
        {
            return NGX_HTTP_OPSCOM_CLIENT_MISSING;
        }
    }

    ctx->client = client;

    return NGX_HTTP_OPSCOM_NO_ERROR;
}


/*
 * The path segment after /api/.  nginx has merged slashes: of /api//v1/... and
 * /api/v1/permits/... alike, "v1" is not the client.
 */

static ngx_int_t
ngx_http_opscom_handler_segment(ngx_http_request_t *r, ngx_str_t *client)
{
    u_char           *p, *last, *end;
    static ngx_str_t  before = ngx_string("/api/");
    static ngx_str_t  none = ngx_string("/api/v1/permits/");

    p = r->uri.data;
    last = p + r->uri.len;

    if (!ngx_opscom_text_starts_with(&r->uri, &before)
        || ngx_opscom_text_starts_with(&r->uri, &none))
    {
        return NGX_DECLINED;
    }

    p += before.len;
    end = ngx_strlchr(p, last, '/');

    client->data = p;
    client->len = (end ? end : last) - p;

    return NGX_OK;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_handler_type(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_table_elt_t  *type;

    type = r->headers_in.content_type;

    return type && ngx_http_opscom_media_type_is_json(&type->value)
           ? NGX_HTTP_OPSCOM_NO_ERROR : NGX_HTTP_OPSCOM_MEDIA_TYPE;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_handler_key(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_uint_t        i, count;
    ngx_table_elt_t  *key;
    static ngx_str_t  name = ngx_string("idempotency-key");

    key = ngx_http_opscom_headers_find(r, &name, &count);

    if (key == NULL) {
        return NGX_HTTP_OPSCOM_NO_ERROR;
    }

    if (count > 1 || key->value.len == 0
        || key->value.len > NGX_HTTP_OPSCOM_MAX_KEY)
    {
        return NGX_HTTP_OPSCOM_BAD_REQUEST;
    }

    for (i = 0; i < key->value.len; i++) {

        if (key->value.data[i] <= ' ' || key->value.data[i] >= 0x7f) {
            return NGX_HTTP_OPSCOM_BAD_REQUEST;
        }
    }

    ctx->idempotency_key = key->value;

    return NGX_HTTP_OPSCOM_NO_ERROR;
}


/* Where a body has many permits, the limit is that of each. */

static ngx_http_opscom_error_id_t
ngx_http_opscom_handler_length(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf)
{
    if (olcf->max_body_size && olcf->endpoint->each == NULL
        && r->headers_in.content_length_n > (off_t) olcf->max_body_size)
    {
        return NGX_HTTP_OPSCOM_TOO_LARGE;
    }

    return NGX_HTTP_OPSCOM_NO_ERROR;
}


static ngx_int_t
ngx_http_opscom_handler_parser(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf)
{
    ctx->parser = permit_parser_create(&ctx->permit, ctx->endpoint->schema,
                                       &olcf->rules, &ctx->memory);

    return ctx->parser ? NGX_OK : NGX_ERROR;
}


static void *
ngx_http_opscom_handler_alloc(void *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


static void
ngx_http_opscom_handler_free(void *pool, void *block)
{
    (void) ngx_pfree(pool, block);
}


static ngx_int_t
ngx_http_opscom_handler_validate(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, permit_parse_t outcome)
{
    ngx_http_opscom_loc_conf_t  *olcf;
    ngx_http_opscom_error_id_t   error;

    if (outcome == PERMIT_PARSE_OK) {
        outcome = permit_parser_finish(ctx->parser);

        /*
         * The client may have announced less than it sends: nginx would log
         * the rest, with the token, as the line of a next request.
         */

        if (outcome == PERMIT_PARSE_MALFORMED) {
            r->keepalive = 0;
        }
    }

    if (outcome == PERMIT_PARSE_MALFORMED) {
        ctx->malformed = permit_parser_reason(ctx->parser);
        ctx->malformed_at = permit_parser_offset(ctx->parser);
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    error = ngx_http_opscom_handler_error(ctx, &olcf->rules, outcome);

    if (error != NGX_HTTP_OPSCOM_NO_ERROR) {
        return ngx_http_opscom_response_error(r, ctx, error);
    }

    return ctx->endpoint->execute(r, ctx);
}


ngx_http_opscom_error_id_t
ngx_http_opscom_handler_error(ngx_http_opscom_ctx_t *ctx,
    const permit_rules_t *rules, permit_parse_t outcome)
{
    ngx_http_opscom_error_id_t  error;

    error = ngx_http_opscom_handler_parse[outcome];

    if (error == NGX_HTTP_OPSCOM_NO_ERROR) {
        error = ngx_http_opscom_handler_token(ctx);
    }

    if (error == NGX_HTTP_OPSCOM_NO_ERROR
        && permit_validate(&ctx->permit, rules))
    {
        error = NGX_HTTP_OPSCOM_VALIDATION_FAILED;
    }

    return error;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_handler_token(ngx_http_opscom_ctx_t *ctx)
{
    switch (permit_validate_token(&ctx->permit)) {

    case PERMIT_GOOD:
        return NGX_HTTP_OPSCOM_NO_ERROR;

    case PERMIT_MISSING:
        return NGX_HTTP_OPSCOM_TOKEN_MISSING;

    default:
        return NGX_HTTP_OPSCOM_TOKEN_REFUSED;
    }
}
