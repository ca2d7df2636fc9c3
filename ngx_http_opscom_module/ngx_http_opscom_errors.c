
#include "ngx_http_opscom_errors.h"


/* One refused attribute takes no more than this, but for its texts. */

#define NGX_HTTP_OPSCOM_ENTRY                                                 \
    (sizeof("{\"attribute\":\"\",\"code\":\"\",\"message\":\"  ; accepted:"   \
            " .\"},")                                                         \
        - 1)


static void   ngx_http_opscom_error_pair(ngx_http_opscom_ctx_t *ctx,
      ngx_http_opscom_error_id_t id, ngx_uint_t status, ngx_uint_t *number,
      ngx_str_t *message);
static size_t ngx_http_opscom_entries_size(
    ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules);
static u_char *ngx_http_opscom_entries(
    u_char *p, ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules);


const ngx_http_opscom_error_t
    ngx_http_opscom_errors[NGX_HTTP_OPSCOM_ERRORS] = {

        [NGX_HTTP_OPSCOM_MALFORMED_JSON] = { 400, ngx_string("malformed_json"),
            9003, ngx_string("Could not parse the request.") },

        [NGX_HTTP_OPSCOM_NOT_AN_OBJECT] = { 400, ngx_string("not_an_object"),
            9003, ngx_string("Could not parse the request.") },

        [NGX_HTTP_OPSCOM_BAD_REQUEST] = { 400, ngx_string("bad_request"), 9003,
            ngx_string("Could not parse the request.") },

        [NGX_HTTP_OPSCOM_TOKEN_MISSING] = { 401, ngx_string("unauthorized"),
            9001, ngx_string("API Token is missing from the request.") },

        [NGX_HTTP_OPSCOM_TOKEN_REFUSED] = { 401, ngx_string("unauthorized"),
            9002,
            ngx_string("The supplied API token does not have permission to"
                       " perform that request.") },

        [NGX_HTTP_OPSCOM_CLIENT_MISSING] = { 404, ngx_string("not_found"),
            9000, ngx_string("Client Code is missing from the request.") },

        [NGX_HTTP_OPSCOM_RECORD_NOT_FOUND] = { 404, ngx_string("not_found"),
            9009, ngx_string("Record not found.") },

        [NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED] = { 405,
            ngx_string("method_not_allowed"), 0,
            ngx_string("The method is not allowed here: see the Allow"
                       " header.") },

        [NGX_HTTP_OPSCOM_TIMEOUT] = { 408, ngx_string("request_timeout"), 0,
            ngx_string("The request did not arrive in time.") },

        [NGX_HTTP_OPSCOM_TOO_LARGE] = { 413, ngx_string("body_too_large"), 0,
            ngx_string("The request body is too large.") },

        [NGX_HTTP_OPSCOM_MEDIA_TYPE] = { 415,
            ngx_string("unsupported_media_type"), 0,
            ngx_string("Content-Type must be application/json, in UTF-8.") },

        /* the pair is that of the first refused attribute */

        [NGX_HTTP_OPSCOM_VALIDATION_FAILED] = { 422,
            ngx_string("validation_failed"), 0, ngx_null_string },

        [NGX_HTTP_OPSCOM_IDEMPOTENCY_REUSED] = { 422,
            ngx_string("idempotency_key_reused"), 9022,
            ngx_string("A record already exists with the supplied"
                       " details.") },

        [NGX_HTTP_OPSCOM_TOO_MANY_REQUESTS] = { 429,
            ngx_string("too_many_requests"), 0,
            ngx_string("Too many requests: try again later.") },

        [NGX_HTTP_OPSCOM_INTERNAL_ERROR] = { 500, ngx_string("internal_error"),
            0, ngx_string("The server failed.") },

        [NGX_HTTP_OPSCOM_STORE_UNAVAILABLE] = { 503,
            ngx_string("store_unavailable"), 0,
            ngx_string("The permit store is not available and nothing was"
                       " stored: try again later.") },

        [NGX_HTTP_OPSCOM_SERVICE_UNAVAILABLE] = { 503,
            ngx_string("service_unavailable"), 0,
            ngx_string("The service is not available: try again later.") },

        [NGX_HTTP_OPSCOM_STORE_TIMEOUT] = { 504, ngx_string("store_timeout"),
            0,
            ngx_string("The permit store did not answer in time and the permit"
                       " may have been stored: a retry with the same"
                       " Idempotency-Key is safe.") },

        [NGX_HTTP_OPSCOM_HTTP_ERROR] = { 0, ngx_string("http_error"), 0,
            ngx_string("The request was refused.") },
    };


/*
 * The pairs of single attributes, by what is wrong; the first row that fits.
 * PERMIT_ATTRIBUTES stands for any attribute, PERMIT_CODES for any code.
 */

static const struct {
    permit_code_t code;
    permit_id_t   id;
    ngx_uint_t    number;
    ngx_str_t     message;
} ngx_http_opscom_pairs[] = {

    { PERMIT_MISSING, PERMIT_END, 9004,
        ngx_string("End Time is a required field.") },

    { PERMIT_MISSING, PERMIT_PLATE, 9006,
        ngx_string("Plate is a required field.") },

    { PERMIT_MISSING, PERMIT_REFERENCE_ID, 9008,
        ngx_string("Reference ID is required.") },

    { PERMIT_MISSING, PERMIT_ATTRIBUTES, 9031,
        ngx_string("The field is required.") },

    { PERMIT_TOO_LONG, PERMIT_ATTRIBUTES, 9030,
        ngx_string("The field's maximum number of characters was"
                   " exceeded.") },

    { PERMIT_CODES, PERMIT_END, 9005,
        ngx_string("The end time value is invalid.") },

    { PERMIT_CODES, PERMIT_START, 9007,
        ngx_string("The start time value is invalid.") },

    { PERMIT_CODES, PERMIT_ATTRIBUTES, 9033,
        ngx_string("The field's value is invalid.") },
};


ngx_http_opscom_error_id_t
ngx_http_opscom_error_of_status(ngx_uint_t status)
{
    switch (status) {

    case NGX_HTTP_BAD_REQUEST:
        return NGX_HTTP_OPSCOM_BAD_REQUEST;

    case NGX_HTTP_NOT_ALLOWED:
        return NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED;

    case NGX_HTTP_REQUEST_TIME_OUT:
        return NGX_HTTP_OPSCOM_TIMEOUT;

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return NGX_HTTP_OPSCOM_TOO_LARGE;

    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        return NGX_HTTP_OPSCOM_MEDIA_TYPE;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        return NGX_HTTP_OPSCOM_TOO_MANY_REQUESTS;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        return NGX_HTTP_OPSCOM_INTERNAL_ERROR;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return NGX_HTTP_OPSCOM_SERVICE_UNAVAILABLE;

    default:
        return NGX_HTTP_OPSCOM_HTTP_ERROR;
    }
}


ngx_int_t
ngx_http_opscom_error_body(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id, ngx_uint_t status, ngx_str_t *body)
{
    size_t                         size;
    u_char                        *p;
    ngx_str_t                      message;
    ngx_uint_t                     number;
    ngx_http_variable_value_t     *request_id;
    const ngx_http_opscom_error_t *error;
    ngx_http_opscom_loc_conf_t    *olcf;
    ngx_http_opscom_main_conf_t   *omcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);
    omcf = ngx_http_get_module_main_conf(r, ngx_http_opscom_module);

    error = &ngx_http_opscom_errors[id];
    ngx_http_opscom_error_pair(ctx, id, status, &number, &message);

    request_id = ngx_http_get_indexed_variable(r, omcf->request_id);

    if (request_id == NULL || request_id->not_found) {
        return NGX_ERROR;
    }

    size = sizeof("{\"ErrorCode\":,\"ErrorMessage\":\"\",\"status\":\"error\","
                  "\"code\":\"\",\"request_id\":\"\",\"errors\":[],"
                  "\"detail\":\" at byte \"}\n")
        + 2 * NGX_INT64_LEN + message.len + error->code.len + request_id->len;

    if (id == NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        size += ngx_http_opscom_entries_size(ctx, &olcf->rules);

    } else if (id == NGX_HTTP_OPSCOM_MALFORMED_JSON) {
        size += ngx_strlen(permit_parser_reason(ctx->parser));
    }

    body->data = ngx_pnalloc(r->pool, size);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(body->data,
        "{\"ErrorCode\":%ui,\"ErrorMessage\":\"%V\","
        "\"status\":\"error\",\"code\":\"%V\","
        "\"request_id\":\"%v\"",
        number, &message, &error->code, request_id);

    if (id == NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        p = ngx_http_opscom_entries(p, ctx, &olcf->rules);

    } else if (id == NGX_HTTP_OPSCOM_MALFORMED_JSON) {
        p = ngx_sprintf(p, ",\"detail\":\"%s at byte %uz\"",
            permit_parser_reason(ctx->parser),
            permit_parser_offset(ctx->parser));
    }

    *p++ = '}';
    *p++ = '\n';

    body->len = p - body->data;

    return NGX_OK;
}


static void
ngx_http_opscom_error_pair(ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id, ngx_uint_t status, ngx_uint_t *number,
    ngx_str_t *message)
{
    ngx_uint_t    i, first;
    permit_code_t code;

    *number = ngx_http_opscom_errors[id].number;
    *message = ngx_http_opscom_errors[id].message;

    if (*number == 0) {
        *number = ngx_http_opscom_errors[id].status;
    }

    if (*number == 0) {
        *number = status;
    }

    if (id != NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
        return;
    }

    for (first = PERMIT_TOKEN + 1; first < PERMIT_ATTRIBUTES - 1; first++) {
        if (ctx->permit.code[first] != PERMIT_GOOD) {
            break;
        }
    }

    code = ctx->permit.code[first];

    for (i = 0;; i++) {

        if ((ngx_http_opscom_pairs[i].code == code
                || ngx_http_opscom_pairs[i].code == PERMIT_CODES)
            && (ngx_http_opscom_pairs[i].id == first
                || ngx_http_opscom_pairs[i].id == PERMIT_ATTRIBUTES))
        {
            *number = ngx_http_opscom_pairs[i].number;
            *message = ngx_http_opscom_pairs[i].message;
            return;
        }
    }
}


static size_t
ngx_http_opscom_entries_size(
    ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules)
{
    size_t        size;
    ngx_uint_t    id;
    permit_code_t code;

    size = 0;

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {
        code = ctx->permit.code[id];

        if (code == PERMIT_GOOD) {
            continue;
        }

        size += NGX_HTTP_OPSCOM_ENTRY + 2 * permit_name(&ctx->permit, id)->len
            + ngx_strlen(permit_code_name(code))
            + ngx_strlen(permit_code_phrase(code))
            + ngx_strlen(permit_accepts(id, rules));
    }

    return size;
}


static u_char *
ngx_http_opscom_entries(
    u_char *p, ngx_http_opscom_ctx_t *ctx, const permit_rules_t *rules)
{
    u_char               separator;
    ngx_uint_t           id;
    permit_code_t        code;
    const permit_text_t *name;

    p = ngx_cpymem(p, ",\"errors\":", sizeof(",\"errors\":") - 1);
    separator = '[';

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {
        code = ctx->permit.code[id];

        if (code == PERMIT_GOOD) {
            continue;
        }

        name = permit_name(&ctx->permit, id);

        p = ngx_sprintf(p,
            "%c{\"attribute\":\"%*s\",\"code\":\"%s\","
            "\"message\":\"%*s %s; accepted: %s.\"}",
            separator, name->len, name->data, permit_code_name(code),
            name->len, name->data, permit_code_phrase(code),
            permit_accepts(id, rules));
        separator = ',';
    }

    *p++ = ']';

    return p;
}
