
/* From a validated permit to a script in Redis, and back with a response. */


#include "ngx_http_opscom_call.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_digest.h"
#include "ngx_http_opscom_now.h"
#include "ngx_http_opscom_response.h"
#include "ngx_http_opscom_write.h"

#include "permit/permit_attributes.h"
#include "permit/permit_fields.h"
#include "store/ngx_opscom_text.h"


/* Name, zero byte, value, zero byte. */

#define NGX_HTTP_OPSCOM_PRINT_PARTS (4 * (PERMIT_ATTRIBUTES + 1))


static ngx_int_t ngx_http_opscom_write_prepare(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);
static ngx_int_t ngx_http_opscom_write_reference(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);
static ngx_int_t ngx_http_opscom_write_digests(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_write_t *write, u_char *p);
static ngx_int_t ngx_http_opscom_write_fingerprint(ngx_http_opscom_ctx_t *ctx,
    u_char *hex);
static void ngx_http_opscom_write_fields(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_write_t *write, ngx_opscom_field_t *fields);
static ngx_uint_t ngx_http_opscom_write_is_named(ngx_http_opscom_ctx_t *ctx,
    permit_field_t *field);
static ngx_str_t ngx_http_opscom_write_text(const permit_text_t *text);
static ngx_int_t ngx_http_opscom_write_read(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply);
static ngx_int_t ngx_http_opscom_write_ended(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_outcome_t outcome);
static ngx_http_opscom_error_id_t ngx_http_opscom_write_error(
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_outcome_t outcome);
static ngx_uint_t ngx_http_opscom_write_is_uncertain(
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_verdict_t verdict);
static ngx_uint_t ngx_http_opscom_write_is_replay(ngx_http_opscom_ctx_t *ctx);


/* The errors that verdicts of a script stand for. */

static const ngx_http_opscom_error_id_t
    ngx_http_opscom_write_errors[NGX_OPSCOM_VERDICTS] = {
    [NGX_OPSCOM_UNAUTHORIZED] = NGX_HTTP_OPSCOM_TOKEN_REFUSED,
    [NGX_OPSCOM_WRITTEN] = NGX_HTTP_OPSCOM_NO_ERROR,
    [NGX_OPSCOM_REPLAYED] = NGX_HTTP_OPSCOM_NO_ERROR,
    [NGX_OPSCOM_KEY_REUSED] = NGX_HTTP_OPSCOM_IDEMPOTENCY_REUSED,
    [NGX_OPSCOM_NOT_FOUND] = NGX_HTTP_OPSCOM_RECORD_NOT_FOUND,
    [NGX_OPSCOM_END_NOT_AFTER_START] = NGX_HTTP_OPSCOM_VALIDATION_FAILED,
    [NGX_OPSCOM_TOO_MANY] = NGX_HTTP_OPSCOM_STORE_UNAVAILABLE,
    [NGX_OPSCOM_REFUSED] = NGX_HTTP_OPSCOM_STORE_UNAVAILABLE,
};


ngx_int_t
ngx_http_opscom_write(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    if (ngx_http_opscom_write_prepare(r, ctx) != NGX_OK) {
        return ngx_http_opscom_response_error(r, ctx,
                   NGX_HTTP_OPSCOM_INTERNAL_ERROR);
    }

    return ngx_http_opscom_call_send(r, ctx, ngx_http_opscom_write_read,
                                     ngx_http_opscom_write_ended);
}


static ngx_int_t
ngx_http_opscom_write_prepare(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    ngx_opscom_write_t             write;
    ngx_http_opscom_write_space_t  space;

    if (ngx_http_opscom_write_permit(r, ctx, &write, &space) != NGX_OK) {
        return NGX_ERROR;
    }

    return ctx->endpoint->build(&ctx->call, &write, r->pool);
}


ngx_int_t
ngx_http_opscom_write_permit(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_write_t *write, ngx_http_opscom_write_space_t *space)
{
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    ngx_memzero(write, sizeof(ngx_opscom_write_t));

    write->prefix = olcf->prefix;
    write->client = ctx->client;
    write->idempotency_ttl = olcf->idempotency_ttl;
    write->dedup = ctx->endpoint->creates ? olcf->dedup : 0;
    write->retention = olcf->retention;
    write->persist = olcf->keep_all || olcf->keyspace->expires;
    write->stream_maxlen = olcf->stream_maxlen;
    write->stream_minimal = olcf->stream_minimal;
    write->replicas = olcf->redis.settings.replicas;

    if (ngx_http_opscom_write_reference(r, ctx) != NGX_OK
        || ngx_http_opscom_write_digests(ctx, write, space->digests) != NGX_OK)
    {
        return NGX_ERROR;
    }

    write->reference_id = ctx->reference_id;

    write->now_seconds = ngx_http_opscom_now(&write->now);

    ngx_http_opscom_write_fields(ctx, write, space->fields);

    return NGX_OK;
}


/* The reference ID of a push is new, that of the others is given. */

static ngx_int_t
ngx_http_opscom_write_reference(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx)
{
    uint8_t  random[PERMIT_UUID_BYTES];

    if (!ctx->endpoint->creates) {
        ctx->reference_id = ngx_http_opscom_write_text(
                                &ctx->permit.stored[PERMIT_REFERENCE_ID][0]);
        return NGX_OK;
    }

    if (ngx_http_opscom_digest_random(random, r->connection->log) != NGX_OK) {
        return NGX_ERROR;
    }

    permit_uuid_format((char *) ctx->uuid, random);

    ctx->reference_id.data = ctx->uuid;
    ctx->reference_id.len = PERMIT_UUID_LEN;

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_write_digests(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_write_t *write, u_char *p)
{
    ngx_str_t  text;

    text = ngx_http_opscom_write_text(&ctx->permit.stored[PERMIT_TOKEN][0]);

    if (ngx_http_opscom_digest_token(p, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    write->token_digest.data = p;
    write->token_digest.len = NGX_OPSCOM_DIGEST_LEN;

    p += NGX_OPSCOM_DIGEST_LEN;

    if (ctx->idempotency_key.len) {

        if (ngx_http_opscom_digest_sha256(p, &ctx->idempotency_key, 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        write->idempotency.data = p;
        write->idempotency.len = NGX_OPSCOM_DIGEST_LEN;

        p += NGX_OPSCOM_DIGEST_LEN;
    }

    if (write->idempotency.len == 0 && write->dedup == 0) {
        return NGX_OK;
    }

    write->fingerprint.data = p;
    write->fingerprint.len = NGX_OPSCOM_DIGEST_LEN;

    return ngx_http_opscom_write_fingerprint(ctx, p);
}


/*
 * Of the request in its normal form: the endpoint and the first field of each
 * attribute.  The zero bytes keep it apart from any Idempotency-Key.
 */

static ngx_int_t
ngx_http_opscom_write_fingerprint(ngx_http_opscom_ctx_t *ctx, u_char *hex)
{
    ngx_str_t         parts[NGX_HTTP_OPSCOM_PRINT_PARTS];
    ngx_uint_t        id, n;
    permit_text_t    *value;
    static ngx_str_t  zero = { 1, (u_char *) "" };

    parts[0] = ctx->endpoint->name;
    parts[1] = zero;
    n = 2;

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {
        value = &ctx->permit.stored[id][0];

        if (value->len == 0) {
            continue;
        }

        parts[n].data = (u_char *) permit_attributes[id].canonical;
        parts[n].len = ngx_strlen(permit_attributes[id].canonical);
        n++;

        parts[n++] = zero;
        parts[n++] = ngx_http_opscom_write_text(value);
        parts[n++] = zero;
    }

    return ngx_http_opscom_digest_sha256(hex, parts, n);
}


/* A push's script is given some fields as arguments of their own. */

static void
ngx_http_opscom_write_fields(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_write_t *write, ngx_opscom_field_t *fields)
{
    size_t          i, n;
    permit_t       *permit;
    permit_field_t  stored[PERMIT_FIELDS_MAX];

    permit = &ctx->permit;
    write->fields = fields;

    if (ctx->endpoint->creates) {
        write->plate = ngx_http_opscom_write_text(
                           &permit->stored[PERMIT_PLATE][0]);
        write->start = ngx_http_opscom_write_text(
                           &permit->stored[PERMIT_START][0]);
        write->end = ngx_http_opscom_write_text(
                           &permit->stored[PERMIT_END][0]);
        write->zone = ngx_http_opscom_write_text(
                           &permit->stored[PERMIT_ZONE][0]);
        write->end_seconds = permit->end_ts;
    }

    n = permit_fields(permit, stored);

    for (i = 0; i < n; i++) {

        if (ngx_http_opscom_write_is_named(ctx, &stored[i])) {
            continue;
        }

        fields->name = ngx_http_opscom_write_text(&stored[i].name);
        fields->value = ngx_http_opscom_write_text(&stored[i].value);
        fields++;
        write->nfields++;
    }
}


static ngx_uint_t
ngx_http_opscom_write_is_named(ngx_http_opscom_ctx_t *ctx,
    permit_field_t *field)
{
    return ctx->endpoint->creates && field->variant == 0
        && (field->id == PERMIT_PLATE || field->id == PERMIT_START
            || field->id == PERMIT_END || field->id == PERMIT_ZONE);
}


static ngx_str_t
ngx_http_opscom_write_text(const permit_text_t *text)
{
    ngx_str_t  str;

    str.data = (u_char *) text->data;
    str.len = text->len;

    return str;
}


static ngx_int_t
ngx_http_opscom_write_read(ngx_opscom_call_t *call, ngx_opscom_reply_t *reply)
{
    ngx_http_opscom_ctx_t  *ctx;

    ctx = call->data;

    return ngx_opscom_results_write(reply, &ctx->reference_id, &ctx->written,
                                     ctx->request->pool);
}


static ngx_int_t
ngx_http_opscom_write_ended(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_outcome_t outcome)
{
    ngx_http_opscom_error_id_t  error;

    ngx_http_opscom_metrics_trip(ngx_http_opscom_conf_metrics(r),
                                 ctx->store_time);

    error = ngx_http_opscom_write_result(ctx, outcome);

    return error == NGX_HTTP_OPSCOM_NO_ERROR
           ? ngx_http_opscom_response_success(r, ctx)
           : ngx_http_opscom_response_error(r, ctx, error);
}


ngx_http_opscom_error_id_t
ngx_http_opscom_write_result(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_outcome_t outcome)
{
    ngx_http_opscom_error_id_t  error;

    error = ngx_http_opscom_write_error(ctx, outcome);

    if (error != NGX_HTTP_OPSCOM_NO_ERROR) {
        ctx->result = NGX_HTTP_OPSCOM_RESULT_ERROR + error;

        if (error == NGX_HTTP_OPSCOM_VALIDATION_FAILED) {
            ctx->permit.code[PERMIT_END] = PERMIT_END_NOT_AFTER_START;
        }

        return error;
    }

    ctx->result = NGX_HTTP_OPSCOM_RESULT_SUCCESS;

    if (ngx_http_opscom_write_is_replay(ctx)) {
        ctx->reference_id = ctx->written.reference_id;
        ctx->result = NGX_HTTP_OPSCOM_RESULT_REPLAYED;

    } else if (ctx->endpoint->creates) {
        ngx_http_opscom_sources_count(
            &ngx_http_opscom_conf_metrics(ctx->request)->sources,
            &ctx->client, &ctx->written.label, ngx_time());
    }

    return NGX_HTTP_OPSCOM_NO_ERROR;
}


static ngx_http_opscom_error_id_t
ngx_http_opscom_write_error(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_outcome_t outcome)
{
    ngx_opscom_verdict_t  verdict;

    if (outcome == NGX_OPSCOM_UNAVAILABLE) {
        return NGX_HTTP_OPSCOM_STORE_UNAVAILABLE;
    }

    if (outcome == NGX_OPSCOM_UNKNOWN) {
        return NGX_HTTP_OPSCOM_STORE_TIMEOUT;
    }

    verdict = ctx->written.verdict;

    if (ctx->call.maybe_executed
        && ngx_http_opscom_write_is_uncertain(ctx, verdict))
    {
        return NGX_HTTP_OPSCOM_STORE_TIMEOUT;
    }

    return ngx_http_opscom_write_errors[verdict];
}


/*
 * The last attempt failed, an earlier one may have been executed.  The scripts
 * recognise what an earlier one wrote, but not for whom, where the token is
 * refused: only a push has an ID of its own.
 */

static ngx_uint_t
ngx_http_opscom_write_is_uncertain(ngx_http_opscom_ctx_t *ctx,
    ngx_opscom_verdict_t verdict)
{
    return verdict == NGX_OPSCOM_REFUSED
           || (verdict == NGX_OPSCOM_UNAUTHORIZED && !ctx->endpoint->creates);
}


/*
 * What an earlier attempt of the same request wrote is no replay: the scripts
 * tell it apart, and a push has a reference ID of its own besides.
 */

static ngx_uint_t
ngx_http_opscom_write_is_replay(ngx_http_opscom_ctx_t *ctx)
{
    if (ctx->written.verdict != NGX_OPSCOM_REPLAYED) {
        return 0;
    }

    if (!ctx->endpoint->creates) {
        return 1;
    }

    return !ngx_opscom_text_equal(&ctx->written.reference_id,
                                  &ctx->reference_id);
}
