
/* The responses of the module. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_headers.h"
#include "ngx_http_opscom_json.h"
#include "ngx_http_opscom_response.h"
#include "ngx_http_opscom_result_json.h"

#include "permit/permit_attributes.h"
#include "permit/permit_code.h"


/* nginx has no status line for 422 */

#define NGX_HTTP_OPSCOM_UNPROCESSABLE 422

#define NGX_HTTP_OPSCOM_ERROR_SIZE 512


static ngx_int_t ngx_http_opscom_response_send(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_uint_t status, ngx_str_t *type,
    ngx_str_t *body);
static void ngx_http_opscom_response_type(ngx_http_request_t *r,
    ngx_str_t *type, size_t len);
static void ngx_http_opscom_response_discard(ngx_http_request_t *r);



static ngx_str_t  ngx_http_opscom_response_json_type =
                                                ngx_string("application/json");


ngx_int_t
ngx_http_opscom_response_success(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    ngx_str_t               body;
    ngx_http_opscom_json_t  json;
    static ngx_str_t        replayed = ngx_string("Idempotency-Replayed");
    static ngx_str_t        yes = ngx_string("true");

    ngx_http_opscom_json_init(&json, r->pool,
        NGX_HTTP_OPSCOM_RESULT_JSON_SUCCESS + 2 * ctx->reference_id.len);
    ngx_http_opscom_result_json_success(&json, ctx);

    if (ngx_http_opscom_json_text(&json, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->result == NGX_HTTP_OPSCOM_RESULT_REPLAYED
        && ngx_http_opscom_headers_add(r, &replayed, &yes) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_opscom_response_send(r, ctx, NGX_HTTP_OK,
               &ngx_http_opscom_response_json_type, &body);
}


ngx_int_t
ngx_http_opscom_response_found(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    ctx->result = NGX_HTTP_OPSCOM_RESULT_SUCCESS;

    return ngx_http_opscom_response_send(r, ctx, NGX_HTTP_OK,
               &ngx_http_opscom_response_json_type, &ctx->found);
}


ngx_int_t
ngx_http_opscom_response_error(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id)
{
    ngx_str_t   body;
    ngx_uint_t  status;

    status = ngx_http_opscom_errors[id].status;

    if (ngx_http_opscom_response_error_body(r, ctx, id, status, &body)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_opscom_response_log(r, ctx, id);

    ctx->result = NGX_HTTP_OPSCOM_RESULT_ERROR + id;

    return ngx_http_opscom_response_send(r, ctx, status,
               &ngx_http_opscom_response_json_type, &body);
}


ngx_http_opscom_ctx_t *
ngx_http_opscom_response_get(ngx_http_request_t *r, ngx_int_t *rc)
{
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_opscom_ctx_get(r);

    if (ctx == NULL) {
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NULL;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        *rc = ngx_http_opscom_response_error(r, ctx,
                                          NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED);
        return NULL;
    }

    return ctx;
}


ngx_int_t
ngx_http_opscom_response_no_content(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    ngx_http_opscom_response_discard(r);

    ctx->answered = 1;

    r->err_status = 0;
    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


ngx_int_t
ngx_http_opscom_response_text(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_str_t *type, ngx_str_t *body)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_opscom_response_send(r, ctx, NGX_HTTP_OK, type, body);
}


/*
 * The response says what happened in Redis.  Neither a condition of the client
 * (If-Match and the like) nor the status of an error_page may replace it.
 */

static ngx_int_t
ngx_http_opscom_response_send(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_uint_t status, ngx_str_t *type,
    ngx_str_t *body)
{
    ngx_int_t  rc;

    if (status != NGX_HTTP_OK) {
        ngx_http_opscom_response_discard(r);
    }

    ctx->answered = 1;

    r->disable_not_modified = 1;
    r->err_status = 0;
    r->headers_out.status = status;

    if (status == NGX_HTTP_OPSCOM_UNPROCESSABLE) {
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");
    }

    ngx_http_opscom_response_type(r, type, body->len);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_opscom_response_body(r, body, ngx_http_output_filter);
}


ngx_int_t
ngx_http_opscom_response_body(ngx_http_request_t *r, ngx_str_t *body,
    ngx_http_output_body_filter_pt output)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = r == r->main;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return output(r, &out);
}


void
ngx_http_opscom_response_json(ngx_http_request_t *r, size_t len)
{
    ngx_http_opscom_response_type(r, &ngx_http_opscom_response_json_type, len);
}


/*
 * A response that was redirected from may have left a type and a charset.  By
 * the type without its parameters nginx finds what it compresses.
 */

static void
ngx_http_opscom_response_type(ngx_http_request_t *r, ngx_str_t *type,
    size_t len)
{
    u_char  *parameters;

    parameters = ngx_strlchr(type->data, type->data + type->len, ';');

    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = parameters
                                          ? (size_t) (parameters - type->data)
                                          : type->len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;
    r->headers_out.content_length_n = len;
}


ngx_int_t
ngx_http_opscom_response_error_body(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id,
    ngx_uint_t status, ngx_str_t *body)
{
    ngx_http_opscom_json_t  json;

    ngx_http_opscom_json_init(&json, r->pool, NGX_HTTP_OPSCOM_ERROR_SIZE);
    ngx_http_opscom_result_json_error(&json, r, ctx, id, status);
    ngx_http_opscom_text_byte(&json.text, LF);

    return ngx_http_opscom_json_text(&json, body);
}


/* Names and codes come from the tables of this module. */

void
ngx_http_opscom_response_log(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id)
{
    ngx_str_t             request_id;
    ngx_uint_t            a;
    permit_code_t         code;
    const permit_text_t  *name;

    if (r->connection->log->log_level < NGX_LOG_INFO) {
        return;
    }

    request_id = ngx_http_opscom_result_json_request_id(r);

    if (ctx->element) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "opscom: refused: %V, index: %uL, request_id: %V",
                      &ngx_http_opscom_errors[id].code, ctx->index,
                      &request_id);

    } else {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "opscom: refused: %V, request_id: %V",
                      &ngx_http_opscom_errors[id].code, &request_id);
    }

    if (id != NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        return;
    }

    for (a = PERMIT_TOKEN + 1; a < PERMIT_ATTRIBUTES; a++) {
        code = ctx->permit.code[a];

        if (code != PERMIT_GOOD) {
            name = permit_attributes_name(&ctx->permit, a);

            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                          "opscom: refused: %*s %s", name->len, name->data,
                          permit_code_name(code));
        }
    }
}


/*
 * Discard the rest of the body: closing the connection early would reset a
 * client that has not finished sending.
 */

static void
ngx_http_opscom_response_discard(ngx_http_request_t *r)
{
    if (r->reading_body) {
        r->keepalive = 0;
        r->lingering_close = 1;
        return;
    }

    /* do not send 100 Continue for a body that is discarded */

    r->expect_tested = 1;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }
}
