
#include "ngx_opscom_permits.h"


#define NGX_OPSCOM_PUSH_KEYS      7
#define NGX_OPSCOM_PUSH_ARGUMENTS 23 /* without the other fields */
#define NGX_OPSCOM_EDIT_KEYS      4
#define NGX_OPSCOM_EDIT_ARGUMENTS 9


/* Keys and arguments as they are put together. */

typedef struct {
    ngx_pool_t *pool;
    ngx_str_t  *argv;
    ngx_uint_t  argc;
    ngx_str_t   base; /* <prefix>:{<client>}: */
    u_char     *text; /* room for numbers and keys */
} ngx_opscom_words_t;


static ngx_int_t ngx_opscom_words_init(ngx_opscom_words_t *words,
    ngx_opscom_write_t *write, ngx_uint_t room, ngx_pool_t *pool);
static void      ngx_opscom_add(ngx_opscom_words_t *words, ngx_str_t *word);
static void      ngx_opscom_add_literal(
         ngx_opscom_words_t *words, char *literal, size_t len);
static void ngx_opscom_add_number(ngx_opscom_words_t *words, uint64_t number);
static void ngx_opscom_add_wanted(ngx_opscom_words_t *words, uint64_t number);
static void ngx_opscom_add_key(
    ngx_opscom_words_t *words, char *kind, size_t len, ngx_str_t *name);
static void ngx_opscom_add_pair(
    ngx_opscom_words_t *words, char *name, size_t len, ngx_str_t *value);
static void ngx_opscom_add_fields(
    ngx_opscom_words_t *words, ngx_opscom_write_t *write);
static void      ngx_opscom_words_end(ngx_opscom_words_t *words,
         ngx_opscom_call_t *call, ngx_opscom_write_t *write,
         ngx_opscom_script_id_t script);
static ngx_int_t ngx_opscom_edit(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_pool_t *pool, ngx_uint_t update);
static ngx_int_t ngx_opscom_result_text(ngx_opscom_reply_t *reply,
    ngx_uint_t n, ngx_str_t *text, ngx_pool_t *pool);


#define ngx_opscom_word(words, literal)                                       \
    ngx_opscom_add_literal(words, literal, sizeof(literal) - 1)

#define ngx_opscom_key(words, kind, name)                                     \
    ngx_opscom_add_key(words, kind, sizeof(kind) - 1, name)

#define ngx_opscom_pair(words, name, value)                                   \
    ngx_opscom_add_pair(words, name, sizeof(name) - 1, value)


ngx_int_t
ngx_opscom_permits_push(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool)
{
    time_t             expires;
    ngx_opscom_words_t words;

    if (ngx_opscom_words_init(&words, write,
            NGX_OPSCOM_PUSH_KEYS + NGX_OPSCOM_PUSH_ARGUMENTS
                + write->nfields * 2,
            pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_opscom_key(&words, "tokens", NULL);
    ngx_opscom_key(&words, "permit:", &write->reference_id);
    ngx_opscom_key(&words, "plate:", &write->plate);
    ngx_opscom_key(&words, "stream", NULL);
    ngx_opscom_key(&words, "zones", NULL);

    if (write->idempotency.len) {
        ngx_opscom_key(&words, "idem:", &write->idempotency);
    }

    if (write->dedup) {
        ngx_opscom_key(&words, "idem:", &write->fingerprint);
    }

    call->nkeys = words.argc;

    expires = 0;

    if (write->retention) {
        expires = ngx_max(write->now_seconds, write->end_seconds)
            + write->retention;
    }

    ngx_opscom_add(&words, &write->token_digest);
    ngx_opscom_add_number(&words, write->end_seconds);
    ngx_opscom_add_wanted(&words, expires);
    ngx_opscom_add_wanted(&words, write->stream_maxlen);
    ngx_opscom_add_number(&words, write->now_seconds);
    ngx_opscom_add_wanted(&words, write->retention);
    ngx_opscom_add(&words, &write->fingerprint);
    ngx_opscom_add_wanted(
        &words, write->idempotency.len ? write->idempotency_ttl : 0);
    ngx_opscom_add_wanted(&words, write->dedup);
    ngx_opscom_add_wanted(&words, write->replicas != 0);
    ngx_opscom_add(&words, &write->zone);

    ngx_opscom_pair(&words, "reference_id", &write->reference_id);
    ngx_opscom_pair(&words, "plate", &write->plate);
    ngx_opscom_pair(&words, "start", &write->start);
    ngx_opscom_pair(&words, "end", &write->end);
    ngx_opscom_pair(&words, "client", &write->client);
    ngx_opscom_add_fields(&words, write);
    ngx_opscom_pair(&words, "received_at", &write->now);

    ngx_opscom_words_end(&words, call, write, NGX_OPSCOM_SCRIPT_PUSH);

    return NGX_OK;
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

    if (ngx_opscom_words_init(&words, write,
            NGX_OPSCOM_EDIT_KEYS + NGX_OPSCOM_EDIT_ARGUMENTS
                + write->nfields * 2,
            pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_opscom_key(&words, "tokens", NULL);
    ngx_opscom_key(&words, "permit:", &write->reference_id);
    ngx_opscom_key(&words, "stream", NULL);

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
    ngx_opscom_key(&words, "plate:", NULL);
    ngx_opscom_add(&words, &write->reference_id);

    if (update) {
        ngx_opscom_add_fields(&words, write);
    }

    ngx_opscom_words_end(&words, call, write,
        update ? NGX_OPSCOM_SCRIPT_UPDATE : NGX_OPSCOM_SCRIPT_DELETE);

    return NGX_OK;
}


static ngx_int_t
ngx_opscom_words_init(ngx_opscom_words_t *words, ngx_opscom_write_t *write,
    ngx_uint_t room, ngx_pool_t *pool)
{
    u_char *p;
    size_t  base, size;

    base = write->prefix.len + write->client.len + sizeof(":{}:") - 1;

    /* each key, and each number, of all that may come */

    size = (NGX_OPSCOM_PUSH_KEYS + 1) * (base + sizeof("tokens:") - 1)
        + write->reference_id.len + write->plate.len
        + 2 * NGX_OPSCOM_DIGEST_LEN
        + NGX_OPSCOM_PUSH_ARGUMENTS * NGX_INT64_LEN;

    p = ngx_palloc(pool, room * sizeof(ngx_str_t) + size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    words->argv = (ngx_str_t *) p;
    words->argc = 0;
    words->text = p + room * sizeof(ngx_str_t);

    /* the first key starts with it */

    words->base.data = words->text;
    words->base.len = base;

    p = ngx_cpymem(words->text, write->prefix.data, write->prefix.len);
    *p++ = ':';
    *p++ = '{';
    p = ngx_cpymem(p, write->client.data, write->client.len);
    *p++ = '}';
    *p++ = ':';

    return NGX_OK;
}


static void
ngx_opscom_words_end(ngx_opscom_words_t *words, ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_opscom_script_id_t script)
{
    call->script = &ngx_opscom_scripts[script];
    call->argv = words->argv;
    call->argc = words->argc;
    call->tag = write->client;
    call->replicas = write->replicas;
    call->replicas_time = write->replicas_time;
}


static void
ngx_opscom_add(ngx_opscom_words_t *words, ngx_str_t *word)
{
    words->argv[words->argc++] = *word;
}


static void
ngx_opscom_add_literal(ngx_opscom_words_t *words, char *literal, size_t len)
{
    words->argv[words->argc].data = (u_char *) literal;
    words->argv[words->argc].len = len;
    words->argc++;
}


static void
ngx_opscom_add_number(ngx_opscom_words_t *words, uint64_t number)
{
    ngx_str_t *word;

    word = &words->argv[words->argc++];

    word->data = words->text;
    words->text = ngx_sprintf(words->text, "%uL", number);
    word->len = words->text - word->data;
}


/* What is off is an empty argument. */

static void
ngx_opscom_add_wanted(ngx_opscom_words_t *words, uint64_t number)
{
    if (number) {
        ngx_opscom_add_number(words, number);

    } else {
        ngx_opscom_word(words, "");
    }
}


static void
ngx_opscom_add_key(
    ngx_opscom_words_t *words, char *kind, size_t len, ngx_str_t *name)
{
    u_char    *p;
    ngx_str_t *word;

    word = &words->argv[words->argc++];

    p = words->text;
    word->data = p;

    p = (p == words->base.data)
        ? p + words->base.len
        : ngx_cpymem(p, words->base.data, words->base.len);
    p = ngx_cpymem(p, kind, len);

    if (name) {
        p = ngx_cpymem(p, name->data, name->len);
    }

    word->len = p - word->data;
    words->text = p;
}


static void
ngx_opscom_add_pair(
    ngx_opscom_words_t *words, char *name, size_t len, ngx_str_t *value)
{
    ngx_opscom_add_literal(words, name, len);
    ngx_opscom_add(words, value);
}


static void
ngx_opscom_add_fields(ngx_opscom_words_t *words, ngx_opscom_write_t *write)
{
    ngx_uint_t i;

    for (i = 0; i < write->nfields; i++) {
        ngx_opscom_add(words, &write->fields[i].name);
        ngx_opscom_add(words, &write->fields[i].value);
    }
}


ngx_int_t
ngx_opscom_permits_result(
    ngx_opscom_reply_t *reply, ngx_opscom_result_t *result, ngx_pool_t *pool)
{
    ngx_opscom_reply_t *verdict;

    ngx_memzero(result, sizeof(ngx_opscom_result_t));

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

    if (ngx_opscom_result_text(reply, 1, &result->label, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    if (result->verdict != NGX_OPSCOM_REPLAYED) {
        return NGX_OK;
    }

    return ngx_opscom_result_text(reply, 2, &result->reference_id, pool);
}


static ngx_int_t
ngx_opscom_result_text(
    ngx_opscom_reply_t *reply, ngx_uint_t n, ngx_str_t *text, ngx_pool_t *pool)
{
    if (n >= reply->nelts || reply->elts[n]->type != REDIS_REPLY_STRING) {
        return NGX_ERROR;
    }

    text->len = reply->elts[n]->text.len;
    text->data = ngx_pstrdup(pool, &reply->elts[n]->text);

    return text->data ? NGX_OK : NGX_ERROR;
}
