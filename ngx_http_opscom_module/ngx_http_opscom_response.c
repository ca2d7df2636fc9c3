
/* The responses of the module. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_headers.h"
#include "ngx_http_opscom_json.h"
#include "ngx_http_opscom_response.h"


/* nginx has no status line for 422 */

#define NGX_HTTP_OPSCOM_UNPROCESSABLE 422

#define NGX_HTTP_OPSCOM_SUCCESS_START                                         \
    "{\"status\":\"success\",\"reference_id\":\""
#define NGX_HTTP_OPSCOM_SUCCESS_AGAIN "\",\"InternalReferenceID\":\""
#define NGX_HTTP_OPSCOM_SUCCESS_END   "\"}"

#define NGX_HTTP_OPSCOM_SUCCESS_SIZE                                          \
    (sizeof(NGX_HTTP_OPSCOM_SUCCESS_START NGX_HTTP_OPSCOM_SUCCESS_AGAIN       \
            NGX_HTTP_OPSCOM_SUCCESS_END) - 1)

#define NGX_HTTP_OPSCOM_ERROR_SIZE 512


static ngx_int_t ngx_http_opscom_response_send(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_uint_t status, ngx_str_t *type,
    ngx_str_t *body);
static void ngx_http_opscom_response_type(ngx_http_request_t *r,
    ngx_str_t *type, size_t len);
static void ngx_http_opscom_response_pair(ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id, ngx_uint_t status, ngx_uint_t *number,
    ngx_str_t *message);
static void ngx_http_opscom_response_attributes(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules);
static void ngx_http_opscom_response_detail(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx);
static void ngx_http_opscom_response_log(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id);
static ngx_str_t ngx_http_opscom_response_request_id(ngx_http_request_t *r);
static void ngx_http_opscom_response_discard(ngx_http_request_t *r);


#define ngx_http_opscom_response_piece(json, text)                            \
    ngx_http_opscom_json_piece(json, (const u_char *) (text),           \
                               ngx_strlen(text))


static ngx_str_t  ngx_http_opscom_response_allow = ngx_string("Allow");

static ngx_str_t  ngx_http_opscom_response_json_type =
                                                ngx_string("application/json");


ngx_int_t
ngx_http_opscom_response_success(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    ngx_str_t               body;
    ngx_http_opscom_text_t  text;
    static ngx_str_t        replayed = ngx_string("Idempotency-Replayed");
    static ngx_str_t        yes = ngx_string("true");

    /* a reference ID has no character that JSON escapes */

    ngx_http_opscom_text_init(&text, r->pool, NGX_HTTP_OPSCOM_SUCCESS_SIZE
                                              + 2 * ctx->reference_id.len);

    ngx_http_opscom_text_literal(&text, NGX_HTTP_OPSCOM_SUCCESS_START);
    ngx_http_opscom_text_append(&text, &ctx->reference_id);
    ngx_http_opscom_text_literal(&text, NGX_HTTP_OPSCOM_SUCCESS_AGAIN);
    ngx_http_opscom_text_append(&text, &ctx->reference_id);
    ngx_http_opscom_text_literal(&text, NGX_HTTP_OPSCOM_SUCCESS_END);

    if (ngx_http_opscom_text_end(&text, &body) != NGX_OK) {
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


ngx_int_t
ngx_http_opscom_response_not_allowed(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_str_t *allow)
{
    if (ngx_http_opscom_headers_add(r, &ngx_http_opscom_response_allow, allow)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_opscom_response_error(r, ctx,
                                          NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED);
}


ngx_int_t
ngx_http_opscom_response_no_content(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_str_t *allow)
{
    ngx_http_opscom_response_discard(r);

    if (ngx_http_opscom_headers_add(r, &ngx_http_opscom_response_allow, allow)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

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
    ngx_str_t                    message, code, request_id;
    ngx_uint_t                   number;
    ngx_http_opscom_json_t       json;
    ngx_http_opscom_loc_conf_t  *olcf;
    static ngx_str_t             error = ngx_string("error");

    ngx_http_opscom_response_pair(ctx, id, status, &number, &message);
    code = ngx_http_opscom_errors[id].code;
    request_id = ngx_http_opscom_response_request_id(r);

    ngx_http_opscom_json_init(&json, r->pool, NGX_HTTP_OPSCOM_ERROR_SIZE);

    ngx_http_opscom_json_open(&json, '{');
    ngx_http_opscom_json_member(&json, "ErrorCode");
    ngx_http_opscom_json_number(&json, number);
    ngx_http_opscom_json_member(&json, "ErrorMessage");
    ngx_http_opscom_json_string(&json, &message);
    ngx_http_opscom_json_member(&json, "status");
    ngx_http_opscom_json_string(&json, &error);
    ngx_http_opscom_json_member(&json, "code");
    ngx_http_opscom_json_string(&json, &code);
    ngx_http_opscom_json_member(&json, "request_id");
    ngx_http_opscom_json_string(&json, &request_id);

    if (id == NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);
        ngx_http_opscom_response_attributes(&json, ctx, &olcf->rules);

    } else if (id == NGX_HTTP_OPSCOM_MALFORMED_JSON) {
        ngx_http_opscom_response_detail(&json, ctx);
    }

    ngx_http_opscom_json_close(&json, '}');
    ngx_http_opscom_text_byte(&json.text, LF);

    return ngx_http_opscom_json_text(&json, body);
}


/* ErrorCode and ErrorMessage: those of the first refused attribute. */

static void
ngx_http_opscom_response_pair(ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id, ngx_uint_t status, ngx_uint_t *number,
    ngx_str_t *message)
{
    ngx_uint_t                           i;
    const ngx_http_opscom_error_pair_t  *pair;

    *number = ngx_http_opscom_errors[id].number;
    *message = ngx_http_opscom_errors[id].message;

    if (*number == 0) {
        *number = status;
    }

    if (id != NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        return;
    }

    for (i = PERMIT_TOKEN + 1; i < PERMIT_ATTRIBUTES; i++) {

        if (ctx->permit.code[i] != PERMIT_GOOD) {
            pair = ngx_http_opscom_errors_pair(i, ctx->permit.code[i]);

            *number = pair->number;
            *message = pair->message;
            return;
        }
    }
}


static void
ngx_http_opscom_response_attributes(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules)
{
    ngx_str_t             text, code;
    ngx_uint_t            id;
    const permit_text_t  *name;

    ngx_http_opscom_json_member(json, "errors");
    ngx_http_opscom_json_open(json, '[');

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {

        if (ctx->permit.code[id] == PERMIT_GOOD) {
            continue;
        }

        name = permit_name(&ctx->permit, id);
        text.data = (u_char *) name->data;
        text.len = name->len;

        code.data = (u_char *) permit_code_name(ctx->permit.code[id]);
        code.len = ngx_strlen(code.data);

        ngx_http_opscom_json_open(json, '{');
        ngx_http_opscom_json_member(json, "attribute");
        ngx_http_opscom_json_string(json, &text);
        ngx_http_opscom_json_member(json, "code");
        ngx_http_opscom_json_string(json, &code);
        ngx_http_opscom_json_member(json, "message");
        ngx_http_opscom_json_begin(json);
        ngx_http_opscom_json_piece(json, text.data, text.len);
        ngx_http_opscom_response_piece(json, " ");
        ngx_http_opscom_response_piece(json,
            permit_code_phrase(ctx->permit.code[id]));
        ngx_http_opscom_response_piece(json, "; accepted: ");
        ngx_http_opscom_response_piece(json, permit_accepts(id, rules));
        ngx_http_opscom_response_piece(json, ".");
        ngx_http_opscom_json_end(json);
        ngx_http_opscom_json_close(json, '}');
    }

    ngx_http_opscom_json_close(json, ']');
}


/* Where the body was found not to be JSON. */

static void
ngx_http_opscom_response_detail(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx)
{
    u_char  *p;
    u_char   place[sizeof(" at byte ") + NGX_SIZE_T_LEN];

    p = ngx_sprintf(place, " at byte %uz", permit_parser_offset(ctx->parser));

    ngx_http_opscom_json_member(json, "detail");
    ngx_http_opscom_json_begin(json);
    ngx_http_opscom_response_piece(json, permit_parser_reason(ctx->parser));
    ngx_http_opscom_json_piece(json, place, p - place);
    ngx_http_opscom_json_end(json);
}


/* Names and codes come from the tables of this module. */

static void
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

    request_id = ngx_http_opscom_response_request_id(r);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "opscom: refused: %V, request_id: %V",
                  &ngx_http_opscom_errors[id].code, &request_id);

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


static ngx_str_t
ngx_http_opscom_response_request_id(ngx_http_request_t *r)
{
    ngx_str_t                     text;
    ngx_http_variable_value_t    *value;
    ngx_http_opscom_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_opscom_module);

    value = ngx_http_get_indexed_variable(r, omcf->request_id);

    if (value == NULL || value->not_found) {
        ngx_str_null(&text);
        return text;
    }

    text.data = value->data;
    text.len = value->len;

    return text;
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
