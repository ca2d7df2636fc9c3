
#include "ngx_http_opscom_answer.h"
#include "ngx_http_opscom_metrics.h"


#define NGX_HTTP_OPSCOM_RETRY_AFTER "1"

/* nginx knows no words for it */

#define NGX_HTTP_OPSCOM_UNPROCESSABLE 422

#define NGX_HTTP_OPSCOM_BEFORE  "{\"status\":\"success\",\"reference_id\":\""
#define NGX_HTTP_OPSCOM_BETWEEN "\",\"InternalReferenceID\":\""
#define NGX_HTTP_OPSCOM_AFTER   "\"}"


static ngx_int_t ngx_http_opscom_send(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_uint_t status, ngx_str_t *body);
static void      ngx_http_opscom_log(ngx_http_request_t *r,
         ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id);
static void      ngx_http_opscom_leave_body(ngx_http_request_t *r);


static ngx_str_t ngx_http_opscom_json = ngx_string("application/json");

static ngx_str_t ngx_http_opscom_replayed = ngx_string("Idempotency-Replayed");
static ngx_str_t ngx_http_opscom_true = ngx_string("true");
static ngx_str_t ngx_http_opscom_retry_after = ngx_string("Retry-After");
static ngx_str_t ngx_http_opscom_retry_seconds = ngx_string(
    NGX_HTTP_OPSCOM_RETRY_AFTER);
static ngx_str_t ngx_http_opscom_allow = ngx_string("Allow");
static ngx_str_t ngx_http_opscom_allow_cors = ngx_string("POST, OPTIONS");


ngx_int_t
ngx_http_opscom_answer_success(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    u_char   *p;
    ngx_str_t body, *id;

    id = &ctx->reference_id;

    body.len = sizeof(NGX_HTTP_OPSCOM_BEFORE NGX_HTTP_OPSCOM_BETWEEN
                       NGX_HTTP_OPSCOM_AFTER)
        - 1 + 2 * id->len;

    body.data = ngx_pnalloc(r->pool, body.len);
    if (body.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(
        body.data, NGX_HTTP_OPSCOM_BEFORE, sizeof(NGX_HTTP_OPSCOM_BEFORE) - 1);
    p = ngx_cpymem(p, id->data, id->len);
    p = ngx_cpymem(
        p, NGX_HTTP_OPSCOM_BETWEEN, sizeof(NGX_HTTP_OPSCOM_BETWEEN) - 1);
    p = ngx_cpymem(p, id->data, id->len);
    ngx_memcpy(p, NGX_HTTP_OPSCOM_AFTER, sizeof(NGX_HTTP_OPSCOM_AFTER) - 1);

    if (ctx->result.verdict == NGX_OPSCOM_REPLAYED
        && ngx_http_opscom_add_header(
               r, &ngx_http_opscom_replayed, &ngx_http_opscom_true)
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_opscom_send(r, ctx, NGX_HTTP_OK, &body);
}


ngx_int_t
ngx_http_opscom_answer_error(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id)
{
    ngx_str_t                      body;
    const ngx_http_opscom_error_t *error;

    error = &ngx_http_opscom_errors[id];

    if (ngx_http_opscom_error_body(r, ctx, id, error->status, &body) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_opscom_log(r, ctx, id);

    ctx->result_name = error->code;
    ctx->result_id = NGX_HTTP_OPSCOM_RESULT_ERRORS + id;

    if (id == NGX_HTTP_OPSCOM_STORE_UNAVAILABLE
        && ngx_http_opscom_add_header(
               r, &ngx_http_opscom_retry_after, &ngx_http_opscom_retry_seconds)
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_opscom_send(r, ctx, error->status, &body);
}


/* Names and codes are of our tables: nothing that the client sent. */

static void
ngx_http_opscom_log(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id)
{
    ngx_uint_t           a;
    permit_code_t        code;
    const permit_text_t *name;

    if (r->connection->log->log_level < NGX_LOG_INFO) {
        return;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "opscom: refused: %V",
        &ngx_http_opscom_errors[id].code);

    if (id != NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        return;
    }

    for (a = PERMIT_TOKEN + 1; a < PERMIT_ATTRIBUTES; a++) {
        code = ctx->permit.code[a];

        if (code != PERMIT_GOOD) {
            name = permit_name(&ctx->permit, a);

            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                "opscom: refused: %*s %s", name->len, name->data,
                permit_code_name(code));
        }
    }
}


ngx_int_t
ngx_http_opscom_answer_not_allowed(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx, ngx_str_t *allow)
{
    if (ngx_http_opscom_add_header(r, &ngx_http_opscom_allow, allow) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_opscom_answer_error(
        r, ctx, NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED);
}


ngx_int_t
ngx_http_opscom_answer_preflight(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    ngx_http_opscom_leave_body(r);

    if (ngx_http_opscom_add_header(
            r, &ngx_http_opscom_allow, &ngx_http_opscom_allow_cors)
            != NGX_OK
        || ngx_http_opscom_cors_preflight(r, olcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->answered = 1;

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


ngx_int_t
ngx_http_opscom_answer_text(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_str_t *type, ngx_str_t *body)
{
    ngx_int_t rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;

    return ngx_http_opscom_send(r, ctx, NGX_HTTP_OK, body);
}


static ngx_int_t
ngx_http_opscom_send(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_uint_t status, ngx_str_t *body)
{
    ngx_int_t   rc;
    ngx_buf_t  *b;
    ngx_chain_t out;

    if (status != NGX_HTTP_OK) {
        ngx_http_opscom_leave_body(r);
    }

    ctx->answered = 1;

    r->headers_out.status = status;

    if (status == NGX_HTTP_OPSCOM_UNPROCESSABLE) {
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");
    }

    if (r->headers_out.content_type.len == 0) {
        ngx_http_opscom_json_headers(r, body->len);
    }

    r->headers_out.content_length_n = body->len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/*
 * A client that sends all before it reads would get a reset where its
 * connection is closed too early: what still comes is read and dropped.
 */

static void
ngx_http_opscom_leave_body(ngx_http_request_t *r)
{
    if (r->reading_body) {
        r->keepalive = 0;
        r->lingering_close = 1;
        return;
    }

    /* nobody needs to hear 100 Continue for what is not wanted */

    r->expect_tested = 1;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }
}


void
ngx_http_opscom_json_headers(ngx_http_request_t *r, size_t len)
{
    r->headers_out.content_type = ngx_http_opscom_json;
    r->headers_out.content_type_len = ngx_http_opscom_json.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = len;
}


ngx_int_t
ngx_http_opscom_add_header(
    ngx_http_request_t *r, ngx_str_t *name, ngx_str_t *value)
{
    ngx_table_elt_t *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key = *name;
    h->value = *value;

    return NGX_OK;
}
