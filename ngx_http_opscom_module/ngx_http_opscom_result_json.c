
/* The JSON objects of results. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_result_json.h"

#include "permit/permit_attributes.h"
#include "permit/permit_code.h"


static void ngx_http_opscom_result_json_element(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx, ngx_uint_t status);
static void ngx_http_opscom_result_json_pair(ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id, ngx_uint_t status, ngx_uint_t *number,
    ngx_str_t *message);
static void ngx_http_opscom_result_json_attributes(
    ngx_http_opscom_json_t *json, ngx_http_opscom_ctx_t *ctx,
    const permit_rules_t *rules);
static void ngx_http_opscom_result_json_attribute(
    ngx_http_opscom_json_t *json, ngx_http_opscom_ctx_t *ctx, ngx_uint_t id,
    const permit_rules_t *rules);
static void ngx_http_opscom_result_json_detail(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx);


#define NGX_HTTP_OPSCOM_RESULT_JSON_START                                     \
    "\"status\":\"success\",\"reference_id\":\""
#define NGX_HTTP_OPSCOM_RESULT_JSON_AGAIN "\",\"InternalReferenceID\":\""
#define NGX_HTTP_OPSCOM_RESULT_JSON_END   "\"}"


#define ngx_http_opscom_result_json_piece(json, text)                         \
    ngx_http_opscom_json_piece(json, (const u_char *) (text),                 \
                               ngx_strlen(text))


void
ngx_http_opscom_result_json_success(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx)
{
    if (ctx->element) {
        ngx_http_opscom_json_open(json, '{');
        ngx_http_opscom_result_json_element(json, ctx, NGX_HTTP_OK);
        ngx_http_opscom_text_byte(&json->text, ',');

    } else {
        ngx_http_opscom_text_byte(&json->text, '{');
    }

    /* a reference ID has no character that JSON escapes */

    ngx_http_opscom_text_literal(&json->text,
                                 NGX_HTTP_OPSCOM_RESULT_JSON_START);
    ngx_http_opscom_text_append(&json->text, &ctx->reference_id);
    ngx_http_opscom_text_literal(&json->text,
                                 NGX_HTTP_OPSCOM_RESULT_JSON_AGAIN);
    ngx_http_opscom_text_append(&json->text, &ctx->reference_id);
    ngx_http_opscom_text_literal(&json->text,
                                 NGX_HTTP_OPSCOM_RESULT_JSON_END);

    json->comma = 1;
}


void
ngx_http_opscom_result_json_error(ngx_http_opscom_json_t *json,
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id, ngx_uint_t status)
{
    ngx_str_t                    message, request_id;
    ngx_uint_t                   number;
    ngx_http_opscom_loc_conf_t  *olcf;
    static ngx_str_t             error = ngx_string("error");

    ngx_http_opscom_result_json_pair(ctx, id, status, &number, &message);

    ngx_http_opscom_json_open(json, '{');

    if (ctx->element) {
        ngx_http_opscom_result_json_element(json, ctx, status);
    }

    ngx_http_opscom_json_member(json, "ErrorCode");
    ngx_http_opscom_json_number(json, number);
    ngx_http_opscom_json_member(json, "ErrorMessage");
    ngx_http_opscom_json_string(json, &message);
    ngx_http_opscom_json_member(json, "status");
    ngx_http_opscom_json_string(json, &error);
    ngx_http_opscom_json_member(json, "code");
    ngx_http_opscom_json_string(json, &ngx_http_opscom_errors[id].code);

    if (!ctx->element) {
        request_id = ngx_http_opscom_result_json_request_id(r);

        ngx_http_opscom_json_member(json, "request_id");
        ngx_http_opscom_json_string(json, &request_id);
    }

    if (id == NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);
        ngx_http_opscom_result_json_attributes(json, ctx, &olcf->rules);

    } else if (id == NGX_HTTP_OPSCOM_MALFORMED_JSON) {
        ngx_http_opscom_result_json_detail(json, ctx);
    }

    ngx_http_opscom_json_close(json, '}');
}


static void
ngx_http_opscom_result_json_element(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx, ngx_uint_t status)
{
    ngx_http_opscom_json_member(json, "index");
    ngx_http_opscom_json_number(json, ctx->index);
    ngx_http_opscom_json_member(json, "http_status");
    ngx_http_opscom_json_number(json, status);
}


/* ErrorCode and ErrorMessage: those of the first refused attribute. */

static void
ngx_http_opscom_result_json_pair(ngx_http_opscom_ctx_t *ctx,
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
ngx_http_opscom_result_json_attributes(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules)
{
    ngx_uint_t  id;

    ngx_http_opscom_json_member(json, "errors");
    ngx_http_opscom_json_open(json, '[');

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {

        if (ctx->permit.code[id] != PERMIT_GOOD) {
            ngx_http_opscom_result_json_attribute(json, ctx, id, rules);
        }
    }

    ngx_http_opscom_json_close(json, ']');
}


static void
ngx_http_opscom_result_json_attribute(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx, ngx_uint_t id, const permit_rules_t *rules)
{
    ngx_str_t             text, code;
    permit_code_t         wrong;
    const permit_text_t  *name;

    name = permit_attributes_name(&ctx->permit, id);
    text.data = (u_char *) name->data;
    text.len = name->len;

    wrong = ctx->permit.code[id];
    code.data = (u_char *) permit_code_name(wrong);
    code.len = ngx_strlen(code.data);

    ngx_http_opscom_json_open(json, '{');
    ngx_http_opscom_json_member(json, "attribute");
    ngx_http_opscom_json_string(json, &text);
    ngx_http_opscom_json_member(json, "code");
    ngx_http_opscom_json_string(json, &code);
    ngx_http_opscom_json_member(json, "message");
    ngx_http_opscom_json_begin(json);
    ngx_http_opscom_json_piece(json, text.data, text.len);
    ngx_http_opscom_result_json_piece(json, " ");
    ngx_http_opscom_result_json_piece(json, permit_code_phrase(wrong));
    ngx_http_opscom_result_json_piece(json, "; accepted: ");
    ngx_http_opscom_result_json_piece(json,
                                      permit_attributes_accepts(id, rules));
    ngx_http_opscom_result_json_piece(json, ".");
    ngx_http_opscom_json_end(json);
    ngx_http_opscom_json_close(json, '}');
}


/* Where the body was found not to be JSON. */

static void
ngx_http_opscom_result_json_detail(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx)
{
    u_char  *p;
    u_char   place[sizeof(" at byte ") + NGX_SIZE_T_LEN];

    p = ngx_sprintf(place, " at byte %uz", ctx->malformed_at);

    ngx_http_opscom_json_member(json, "detail");
    ngx_http_opscom_json_begin(json);
    ngx_http_opscom_result_json_piece(json, ctx->malformed);
    ngx_http_opscom_json_piece(json, place, p - place);
    ngx_http_opscom_json_end(json);
}


ngx_str_t
ngx_http_opscom_result_json_request_id(ngx_http_request_t *r)
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
