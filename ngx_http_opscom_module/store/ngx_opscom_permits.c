
#include "ngx_opscom_permits.h"


/*
 * Of a push without retries and options, and what these add; an update and a
 * delete have fewer than the sum.
 */

#define NGX_OPSCOM_KEYS      5
#define NGX_OPSCOM_ARGUMENTS 8
#define NGX_OPSCOM_OPTIONS   8

/* Around a word: none, nor all fields together, has 65536 bytes. */

#define NGX_OPSCOM_WORD_SIZE (sizeof("$65535\r\n\r\n") - 1)

/* MessagePack: a short string's length is in its first byte. */

#define NGX_OPSCOM_SHORT_STRING 32
#define NGX_OPSCOM_STRING_SIZE  3 /* before the text, at most */


/* A script's keys and arguments as they are written, one after the other. */

typedef struct {
    u_char    *p;
    ngx_uint_t argc;
    ngx_str_t  base; /* <prefix>:{<client>}: */
} ngx_opscom_words_t;


static ngx_int_t ngx_opscom_words_init(ngx_opscom_words_t *words,
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_uint_t options,
    ngx_pool_t *pool);
static size_t    ngx_opscom_words_size(
       ngx_opscom_write_t *write, size_t base, ngx_uint_t options);
static ngx_uint_t ngx_opscom_has_options(ngx_opscom_write_t *write);
static void       ngx_opscom_words_end(ngx_opscom_words_t *words,
          ngx_opscom_call_t *call, ngx_opscom_write_t *write,
          ngx_opscom_script_id_t script);
static void       ngx_opscom_add(ngx_opscom_words_t *words, ngx_str_t *word);
static void ngx_opscom_add_number(ngx_opscom_words_t *words, uint64_t number);
static void ngx_opscom_add_wanted(ngx_opscom_words_t *words, uint64_t number);
static void ngx_opscom_add_key(
    ngx_opscom_words_t *words, char *kind, size_t len, ngx_str_t *name);
static void ngx_opscom_add_fields(ngx_opscom_words_t *words,
    ngx_opscom_write_t *write, ngx_opscom_field_t *own, ngx_uint_t nown);
static void ngx_opscom_add_options(
    ngx_opscom_words_t *words, ngx_opscom_write_t *write);
static size_t ngx_opscom_fields_size(ngx_opscom_field_t *fields, ngx_uint_t n);
static u_char *ngx_opscom_fields(
    u_char *p, ngx_opscom_field_t *fields, ngx_uint_t n);
static size_t    ngx_opscom_string_size(ngx_str_t *text);
static u_char   *ngx_opscom_string(u_char *p, ngx_str_t *text);
static ngx_int_t ngx_opscom_edit(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_pool_t *pool, ngx_uint_t update);
static ngx_int_t ngx_opscom_result_label(
    ngx_opscom_reply_t *reply, ngx_opscom_result_t *result, ngx_pool_t *pool);
static ngx_int_t ngx_opscom_result_text(
    ngx_opscom_reply_t *reply, ngx_str_t *text, ngx_pool_t *pool);


#define ngx_opscom_key(words, kind, name)                                     \
    ngx_opscom_add_key(words, kind, sizeof(kind) - 1, name)


static ngx_str_t ngx_opscom_nothing = ngx_string("");


ngx_int_t
ngx_opscom_permits_push(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool)
{
    ngx_uint_t         options;
    ngx_opscom_field_t own[2];
    ngx_opscom_words_t words;

    options = ngx_opscom_has_options(write);

    if (ngx_opscom_words_init(&words, call, write, options, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_opscom_key(&words, "tokens", &ngx_opscom_nothing);
    ngx_opscom_key(&words, "permit:", &write->reference_id);
    ngx_opscom_key(&words, "plate:", &write->plate);
    ngx_opscom_key(&words, "stream", &ngx_opscom_nothing);
    ngx_opscom_key(&words, "zones", &ngx_opscom_nothing);

    if (write->idempotency.len) {
        ngx_opscom_key(&words, "idem:", &write->idempotency);
    }

    if (write->dedup) {
        ngx_opscom_key(&words, "idem:", &write->fingerprint);
    }

    call->nkeys = words.argc;

    ngx_opscom_add(&words, &write->token_digest);
    ngx_opscom_add_number(&words, write->end_seconds);
    ngx_opscom_add(&words, &write->reference_id);
    ngx_opscom_add(&words, &write->plate);
    ngx_opscom_add(&words, &write->start);
    ngx_opscom_add(&words, &write->end);
    ngx_opscom_add(&words, &write->zone);

    ngx_str_set(&own[0].name, "client");
    own[0].value = write->client;

    ngx_str_set(&own[1].name, "received_at");
    own[1].value = write->now;

    ngx_opscom_add_fields(&words, write, own, 2);

    if (options) {
        ngx_opscom_add_options(&words, write);
    }

    ngx_opscom_words_end(&words, call, write, NGX_OPSCOM_SCRIPT_PUSH);

    return NGX_OK;
}


/* A push that asks for none of them carries none of their words. */

static ngx_uint_t
ngx_opscom_has_options(ngx_opscom_write_t *write)
{
    return write->retention != 0 || write->stream_maxlen != 0
        || write->fingerprint.len != 0;
}


static void
ngx_opscom_add_options(ngx_opscom_words_t *words, ngx_opscom_write_t *write)
{
    time_t expires;

    expires = 0;

    if (write->retention) {
        expires = ngx_max(write->now_seconds, write->end_seconds)
            + write->retention;
    }

    ngx_opscom_add_wanted(words, expires);
    ngx_opscom_add_wanted(words, write->stream_maxlen);
    ngx_opscom_add_number(words, write->now_seconds);
    ngx_opscom_add_wanted(words, write->retention);
    ngx_opscom_add(words, &write->fingerprint);
    ngx_opscom_add_wanted(
        words, write->idempotency.len ? write->idempotency_ttl : 0);
    ngx_opscom_add_wanted(words, write->dedup);
    ngx_opscom_add_wanted(words, write->replicas != 0);
}


ngx_int_t
ngx_opscom_permits_update(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool)
{
    return ngx_opscom_edit(call, write, pool, 1);
}


ngx_int_t
ngx_opscom_permits_delete(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool)
{
    return ngx_opscom_edit(call, write, pool, 0);
}


static ngx_int_t
ngx_opscom_edit(ngx_opscom_call_t *call, ngx_opscom_write_t *write,
    ngx_pool_t *pool, ngx_uint_t update)
{
    ngx_opscom_words_t words;

    if (ngx_opscom_words_init(&words, call, write, 1, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_opscom_key(&words, "tokens", &ngx_opscom_nothing);
    ngx_opscom_key(&words, "permit:", &write->reference_id);
    ngx_opscom_key(&words, "stream", &ngx_opscom_nothing);

    if (write->idempotency.len) {
        ngx_opscom_key(&words, "idem:", &write->idempotency);
    }

    call->nkeys = words.argc;

    ngx_opscom_add(&words, &write->token_digest);
    ngx_opscom_add(&words, &write->fingerprint);
    ngx_opscom_add_wanted(&words, write->idempotency_ttl);
    ngx_opscom_add_wanted(&words, write->stream_maxlen);

    if (update) {
        ngx_opscom_add_wanted(&words, write->retention);
    }

    ngx_opscom_add_wanted(&words, write->replicas != 0);
    ngx_opscom_add(&words, &write->now);
    ngx_opscom_key(&words, "plate:", &ngx_opscom_nothing);
    ngx_opscom_add(&words, &write->reference_id);

    if (update) {
        ngx_opscom_add_fields(&words, write, NULL, 0);
    }

    ngx_opscom_words_end(&words, call, write,
        update ? NGX_OPSCOM_SCRIPT_UPDATE : NGX_OPSCOM_SCRIPT_DELETE);

    return NGX_OK;
}


/* In one piece: what all keys start with, then the words. */

static ngx_int_t
ngx_opscom_words_init(ngx_opscom_words_t *words, ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_uint_t options, ngx_pool_t *pool)
{
    u_char *p;
    size_t  base;

    base = write->prefix.len + write->client.len + sizeof(":{}:") - 1;

    p = ngx_pnalloc(pool, base + ngx_opscom_words_size(write, base, options));
    if (p == NULL) {
        return NGX_ERROR;
    }

    words->argc = 0;
    words->base.data = p;
    words->base.len = base;

    p = ngx_cpymem(p, write->prefix.data, write->prefix.len);
    *p++ = ':';
    *p++ = '{';
    p = ngx_cpymem(p, write->client.data, write->client.len);
    *p++ = '}';
    *p++ = ':';

    words->p = p;
    call->words.data = p;

    return NGX_OK;
}


/* A little too much, but little: it is in the pool of each request. */

static size_t
ngx_opscom_words_size(
    ngx_opscom_write_t *write, size_t base, ngx_uint_t options)
{
    ngx_uint_t keys, arguments, numbers;

    keys = NGX_OPSCOM_KEYS + (write->idempotency.len ? 1 : 0)
        + (write->dedup ? 1 : 0);
    arguments = NGX_OPSCOM_ARGUMENTS + (options ? NGX_OPSCOM_OPTIONS : 0);
    numbers = 1 + (options ? NGX_OPSCOM_OPTIONS : 0);

    return keys * (NGX_OPSCOM_WORD_SIZE + base + sizeof("permit:") - 1)
        + arguments * NGX_OPSCOM_WORD_SIZE + numbers * NGX_INT64_LEN
        + 2 * (write->reference_id.len + write->plate.len)
        + write->token_digest.len + write->idempotency.len
        + 2 * write->fingerprint.len + sizeof("client") + write->client.len
        + sizeof("received_at") + 2 * (NGX_OPSCOM_STRING_SIZE + write->now.len)
        + write->start.len + write->end.len + write->zone.len
        + ngx_opscom_fields_size(write->fields, write->nfields);
}


static void
ngx_opscom_words_end(ngx_opscom_words_t *words, ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_opscom_script_id_t script)
{
    call->script = &ngx_opscom_scripts[script];
    call->words.len = words->p - call->words.data;
    call->argc = words->argc;
    call->tag = write->client;
    call->replicas = write->replicas;
    call->replicas_time = write->replicas_time;
}


static void
ngx_opscom_add(ngx_opscom_words_t *words, ngx_str_t *word)
{
    words->p = ngx_opscom_write_argument(words->p, word->data, word->len);
    words->argc++;
}


static void
ngx_opscom_add_number(ngx_opscom_words_t *words, uint64_t number)
{
    words->p = ngx_opscom_write_integer(words->p, number);
    words->argc++;
}


/* What is off is an empty argument. */

static void
ngx_opscom_add_wanted(ngx_opscom_words_t *words, uint64_t number)
{
    if (number) {
        ngx_opscom_add_number(words, number);

    } else {
        ngx_opscom_add(words, &ngx_opscom_nothing);
    }
}


static void
ngx_opscom_add_key(
    ngx_opscom_words_t *words, char *kind, size_t len, ngx_str_t *name)
{
    u_char *p;

    p = ngx_opscom_write_length(words->p, words->base.len + len + name->len);
    p = ngx_cpymem(p, words->base.data, words->base.len);
    p = ngx_cpymem(p, kind, len);
    p = ngx_cpymem(p, name->data, name->len);

    words->p = ngx_opscom_write_end(p);
    words->argc++;
}


/* One argument, which the script takes apart with cmsgpack.unpack(). */

static void
ngx_opscom_add_fields(ngx_opscom_words_t *words, ngx_opscom_write_t *write,
    ngx_opscom_field_t *own, ngx_uint_t nown)
{
    u_char *p;

    p = ngx_opscom_write_length(words->p,
        ngx_opscom_fields_size(own, nown)
            + ngx_opscom_fields_size(write->fields, write->nfields));

    p = ngx_opscom_fields(p, own, nown);
    p = ngx_opscom_fields(p, write->fields, write->nfields);

    words->p = ngx_opscom_write_end(p);
    words->argc++;
}


static size_t
ngx_opscom_fields_size(ngx_opscom_field_t *fields, ngx_uint_t n)
{
    size_t     size;
    ngx_uint_t i;

    size = 0;

    for (i = 0; i < n; i++) {
        size += ngx_opscom_string_size(&fields[i].name)
            + ngx_opscom_string_size(&fields[i].value);
    }

    return size;
}


static u_char *
ngx_opscom_fields(u_char *p, ngx_opscom_field_t *fields, ngx_uint_t n)
{
    ngx_uint_t i;

    for (i = 0; i < n; i++) {
        p = ngx_opscom_string(p, &fields[i].name);
        p = ngx_opscom_string(p, &fields[i].value);
    }

    return p;
}


static size_t
ngx_opscom_string_size(ngx_str_t *text)
{
    return text->len
        + (text->len < NGX_OPSCOM_SHORT_STRING ? 1 : NGX_OPSCOM_STRING_SIZE);
}


/* MessagePack's "fixstr", or its "str 16", which is older than "str 8". */

static u_char *
ngx_opscom_string(u_char *p, ngx_str_t *text)
{
    if (text->len < NGX_OPSCOM_SHORT_STRING) {
        *p++ = (u_char) (0xa0 | text->len);

    } else {
        *p++ = 0xda;
        *p++ = (u_char) (text->len >> 8);
        *p++ = (u_char) text->len;
    }

    return ngx_cpymem(p, text->data, text->len);
}


ngx_int_t
ngx_opscom_permits_result(
    ngx_opscom_reply_t *reply, ngx_opscom_result_t *result, ngx_pool_t *pool)
{
    ngx_opscom_reply_t *verdict;

    ngx_memzero(result, sizeof(ngx_opscom_result_t));

    /* a label alone: what a push answers unless there is more to say */

    if (reply->type == REDIS_REPLY_STRING) {
        result->verdict = NGX_OPSCOM_WRITTEN;
        return ngx_opscom_result_text(reply, &result->label, pool);
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->nelts == 0) {
        return NGX_ERROR;
    }

    verdict = reply->elts[0];

    if (verdict->type != REDIS_REPLY_INTEGER || verdict->integer < 0
        || verdict->integer >= NGX_OPSCOM_VERDICTS)
    {
        return NGX_ERROR;
    }

    result->verdict = verdict->integer;

    if (result->verdict == NGX_OPSCOM_UNAUTHORIZED) {
        return NGX_OK;
    }

    return ngx_opscom_result_label(reply, result, pool);
}


static ngx_int_t
ngx_opscom_result_label(
    ngx_opscom_reply_t *reply, ngx_opscom_result_t *result, ngx_pool_t *pool)
{
    if (reply->nelts < 2
        || ngx_opscom_result_text(reply->elts[1], &result->label, pool)
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (result->verdict != NGX_OPSCOM_REPLAYED) {
        return NGX_OK;
    }

    if (reply->nelts < 3) {
        return NGX_ERROR;
    }

    return ngx_opscom_result_text(reply->elts[2], &result->reference_id, pool);
}


static ngx_int_t
ngx_opscom_result_text(
    ngx_opscom_reply_t *reply, ngx_str_t *text, ngx_pool_t *pool)
{
    if (reply->type != REDIS_REPLY_STRING) {
        return NGX_ERROR;
    }

    text->len = reply->text.len;
    text->data = ngx_pstrdup(pool, &reply->text);

    return text->data ? NGX_OK : NGX_ERROR;
}
