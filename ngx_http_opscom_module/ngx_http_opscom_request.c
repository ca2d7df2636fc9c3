
/* From a request line to a judged permit. */


#include "ngx_http_opscom_answer.h"
#include "ngx_http_opscom_request.h"


#define NGX_HTTP_OPSCOM_MAX_CLIENT 64
#define NGX_HTTP_OPSCOM_MAX_KEY    255


/* An error that refuses the request, or NGX_HTTP_OPSCOM_ERRORS. */

typedef ngx_http_opscom_error_id_t (*ngx_http_opscom_check_pt)(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);


static ngx_int_t ngx_http_opscom_refuse_method(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_check_client(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_check_type(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_check_key(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_http_opscom_error_id_t ngx_http_opscom_check_length(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_int_t ngx_http_opscom_client_segment(
    ngx_http_request_t *r, ngx_str_t *client);
static ngx_int_t ngx_http_opscom_starts_with(
    ngx_str_t *text, ngx_str_t *start);
static ngx_int_t ngx_http_opscom_type_is_json(ngx_str_t *type);
static u_char   *ngx_http_opscom_skip_space(u_char *p, u_char *last);
static u_char   *ngx_http_opscom_parameter(
      u_char *p, u_char *last, ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_opscom_is(
    ngx_str_t *text, char *literal, size_t len);
static ngx_int_t ngx_http_opscom_parser(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf);
static void     *ngx_http_opscom_alloc(void *pool, size_t size);
static void      ngx_http_opscom_free(void *pool, void *block);
static void      ngx_http_opscom_body_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_opscom_body_feed(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, permit_parse_t *outcome);
static void      ngx_http_opscom_body_failed(
         ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx, ngx_int_t rc);
static ngx_int_t ngx_http_opscom_judge(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx, permit_parse_t outcome);
static ngx_http_opscom_error_id_t ngx_http_opscom_parse_error(
    permit_parse_t outcome);


const ngx_http_opscom_endpoint_t
    ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_ENDPOINTS] = {

        [NGX_HTTP_OPSCOM_PUSH] = { NGX_HTTP_OPSCOM_PUSH, ngx_string("push"),
            ngx_string("stored"), &permit_schema_push, ngx_opscom_permits_push },

        [NGX_HTTP_OPSCOM_UPDATE] = { NGX_HTTP_OPSCOM_UPDATE,
            ngx_string("update"), ngx_string("updated"), &permit_schema_update,
            ngx_opscom_permits_update },

        [NGX_HTTP_OPSCOM_DELETE] = { NGX_HTTP_OPSCOM_DELETE,
            ngx_string("delete"), ngx_string("deleted"), &permit_schema_delete,
            ngx_opscom_permits_delete },
    };


/* In the order in which errors are told. */

static const ngx_http_opscom_check_pt ngx_http_opscom_checks[] = {
    ngx_http_opscom_check_client,
    ngx_http_opscom_check_type,
    ngx_http_opscom_check_key,
    ngx_http_opscom_check_length,
};


ngx_int_t
ngx_http_opscom_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_http_opscom_ctx_t      *ctx;
    ngx_http_opscom_loc_conf_t *olcf;
    ngx_http_opscom_error_id_t  error;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    ctx = ngx_http_opscom_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->endpoint = olcf->endpoint;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_opscom_refuse_method(r, ctx, olcf);
    }

    for (i = 0; i
         < sizeof(ngx_http_opscom_checks) / sizeof(ngx_http_opscom_checks[0]);
         i++)
    {
        error = ngx_http_opscom_checks[i](r, ctx, olcf);

        if (error != NGX_HTTP_OPSCOM_ERRORS) {
            return ngx_http_opscom_answer_error(r, ctx, error);
        }
    }

    if (ngx_http_opscom_parser(r, ctx, olcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_opscom_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_opscom_refuse_method(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_loc_conf_t *olcf)
{
    static ngx_str_t post = ngx_string("POST");
    static ngx_str_t post_or_options = ngx_string("POST, OPTIONS");

    if (olcf->cors_origins == NULL) {
        return ngx_http_opscom_answer_not_allowed(r, ctx, &post);
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_opscom_answer_preflight(r, ctx);
    }

    return ngx_http_opscom_answer_not_allowed(r, ctx, &post_or_options);
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_check_client(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf)
{
    u_char     c;
    ngx_str_t  client;
    ngx_uint_t i;

    if (olcf->client) {
        if (ngx_http_complex_value(r, olcf->client, &client) != NGX_OK) {
            return NGX_HTTP_OPSCOM_INTERNAL_ERROR;
        }

    } else if (ngx_http_opscom_client_segment(r, &client) != NGX_OK) {
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

    return NGX_HTTP_OPSCOM_ERRORS;
}


/*
 * The path segment after /api/.  nginx has merged slashes: /api//v1/... has no
 * client, and not the client "v1".
 */

static ngx_int_t
ngx_http_opscom_client_segment(ngx_http_request_t *r, ngx_str_t *client)
{
    u_char          *p, *last, *end;
    static ngx_str_t before = ngx_string("/api/");
    static ngx_str_t none = ngx_string("/api//");

    p = r->uri.data;
    last = p + r->uri.len;

    if (!ngx_http_opscom_starts_with(&r->uri, &before)
        || ngx_http_opscom_starts_with(&r->unparsed_uri, &none))
    {
        return NGX_DECLINED;
    }

    p += before.len;
    end = ngx_strlchr(p, last, '/');

    client->data = p;
    client->len = (end ? end : last) - p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_starts_with(ngx_str_t *text, ngx_str_t *start)
{
    return text->len >= start->len
        && ngx_strncmp(text->data, start->data, start->len) == 0;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_check_type(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf)
{
    if (r->headers_in.content_type
        && ngx_http_opscom_type_is_json(&r->headers_in.content_type->value))
    {
        return NGX_HTTP_OPSCOM_ERRORS;
    }

    return NGX_HTTP_OPSCOM_MEDIA_TYPE;
}


/* RFC 9110, section 8.3: application/json; charset=utf-8 and the like. */

static ngx_int_t
ngx_http_opscom_type_is_json(ngx_str_t *type)
{
    u_char          *p, *last;
    ngx_str_t        name, value;
    static ngx_str_t json = ngx_string("application/json");

    if (type->len < json.len
        || ngx_strncasecmp(type->data, json.data, json.len) != 0)
    {
        return 0;
    }

    p = type->data + json.len;
    last = type->data + type->len;

    for (;;) {
        p = ngx_http_opscom_skip_space(p, last);

        if (p == last) {
            return 1;
        }

        if (*p != ';') {
            return 0;
        }

        p = ngx_http_opscom_skip_space(p + 1, last);

        if (p == last || *p == ';') {
            continue;
        }

        p = ngx_http_opscom_parameter(p, last, &name, &value);

        if (p == NULL) {
            return 0;
        }

        if (ngx_http_opscom_is(&name, "charset", 7)
            && !ngx_http_opscom_is(&value, "utf-8", 5))
        {
            return 0;
        }
    }
}


static u_char *
ngx_http_opscom_skip_space(u_char *p, u_char *last)
{
    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p;
}


/* name=value or name="value"; returns the end, or NULL for anything else. */

static u_char *
ngx_http_opscom_parameter(
    u_char *p, u_char *last, ngx_str_t *name, ngx_str_t *value)
{
    u_char *equals, *quote;

    equals = ngx_strlchr(p, last, '=');

    if (equals == NULL || equals == p) {
        return NULL;
    }

    name->data = p;
    name->len = equals - p;

    p = equals + 1;

    if (p < last && *p == '"') {
        p++;
        quote = ngx_strlchr(p, last, '"');

        if (quote == NULL) {
            return NULL;
        }

        value->data = p;
        value->len = quote - p;

        return quote + 1;
    }

    value->data = p;

    while (p < last && *p != ';' && *p != ' ' && *p != '\t') {
        p++;
    }

    value->len = p - value->data;

    return value->len ? p : NULL;
}


static ngx_int_t
ngx_http_opscom_is(ngx_str_t *text, char *literal, size_t len)
{
    return text->len == len
        && ngx_strncasecmp(text->data, (u_char *) literal, len) == 0;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_check_key(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_uint_t       i, count;
    ngx_table_elt_t *key;
    static ngx_str_t name = ngx_string("idempotency-key");

    key = ngx_http_opscom_find_header(r, &name, &count);

    if (key == NULL) {
        return NGX_HTTP_OPSCOM_ERRORS;
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

    return NGX_HTTP_OPSCOM_ERRORS;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_check_length(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf)
{
    if (olcf->max_body_size
        && r->headers_in.content_length_n > (off_t) olcf->max_body_size)
    {
        return NGX_HTTP_OPSCOM_TOO_LARGE;
    }

    return NGX_HTTP_OPSCOM_ERRORS;
}


static ngx_int_t
ngx_http_opscom_parser(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_loc_conf_t *olcf)
{
    ctx->memory.alloc = ngx_http_opscom_alloc;
    ctx->memory.free = ngx_http_opscom_free;
    ctx->memory.ctx = r->pool;

    ctx->parser = permit_parser_create(
        &ctx->permit, ctx->endpoint->schema, &olcf->rules, &ctx->memory);

    return ctx->parser ? NGX_OK : NGX_ERROR;
}


static void *
ngx_http_opscom_alloc(void *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


static void
ngx_http_opscom_free(void *pool, void *block)
{
    (void) ngx_pfree(pool, block);
}


void
ngx_http_opscom_body(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    permit_parse_t         outcome;
    ngx_http_opscom_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    for (;;) {

        if (ngx_http_opscom_body_feed(r, ctx, &outcome) != NGX_OK
            || !r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_opscom_body_failed(r, ctx, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            r->read_event_handler = ngx_http_opscom_body_read;
            return;
        }
    }

    r->read_event_handler = ngx_http_block_reading;

    rc = ngx_http_opscom_judge(r, ctx, outcome);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


static void
ngx_http_opscom_body_read(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_opscom_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    rc = ngx_http_read_unbuffered_request_body(r);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_http_opscom_body_failed(r, ctx, rc);
        return;
    }

    ngx_http_opscom_body(r);
}


/* NGX_DONE: nothing that may still come can change the outcome. */

static ngx_int_t
ngx_http_opscom_body_feed(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx, permit_parse_t *outcome)
{
    ngx_buf_t   *b;
    ngx_chain_t *cl, *next;

    *outcome = PERMIT_PARSE_OK;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = next) {
        next = cl->next;
        b = cl->buf;

        if (*outcome == PERMIT_PARSE_OK && b->last > b->pos) {
            *outcome = permit_parser_feed(
                ctx->parser, (char *) b->pos, b->last - b->pos);
        }

        b->pos = b->last;
        ngx_free_chain(r->pool, cl);
    }

    r->request_body->bufs = NULL;

    return *outcome == PERMIT_PARSE_OK ? NGX_OK : NGX_DONE;
}


static void
ngx_http_opscom_body_failed(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx, ngx_int_t rc)
{
    /* nginx would close without a word */

    if (rc == NGX_HTTP_REQUEST_TIME_OUT && !r->connection->error) {
        r->connection->timedout = 0;
        r->connection->read->timedout = 0;

        rc = ngx_http_opscom_answer_error(r, ctx, NGX_HTTP_OPSCOM_TIMEOUT);
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_opscom_judge(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx, permit_parse_t outcome)
{
    ngx_http_opscom_loc_conf_t *olcf;

    if (outcome == PERMIT_PARSE_OK) {
        outcome = permit_parser_finish(ctx->parser);
    }

    if (outcome != PERMIT_PARSE_OK) {
        return ngx_http_opscom_answer_error(
            r, ctx, ngx_http_opscom_parse_error(outcome));
    }

    switch (permit_validate_token(&ctx->permit)) {

    case PERMIT_GOOD:
        break;

    case PERMIT_MISSING:
        return ngx_http_opscom_answer_error(
            r, ctx, NGX_HTTP_OPSCOM_TOKEN_MISSING);

    default:
        return ngx_http_opscom_answer_error(
            r, ctx, NGX_HTTP_OPSCOM_TOKEN_REFUSED);
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    if (permit_validate(&ctx->permit, &olcf->rules)) {
        return ngx_http_opscom_answer_error(
            r, ctx, NGX_HTTP_OPSCOM_VALIDATION_FAILED);
    }

    return ngx_http_opscom_write(r, ctx);
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_parse_error(permit_parse_t outcome)
{
    switch (outcome) {

    case PERMIT_PARSE_MALFORMED:
        return NGX_HTTP_OPSCOM_MALFORMED_JSON;

    case PERMIT_PARSE_NOT_AN_OBJECT:
        return NGX_HTTP_OPSCOM_NOT_AN_OBJECT;

    case PERMIT_PARSE_TOO_LARGE:
        return NGX_HTTP_OPSCOM_TOO_LARGE;

    default:
        return NGX_HTTP_OPSCOM_INTERNAL_ERROR;
    }
}
