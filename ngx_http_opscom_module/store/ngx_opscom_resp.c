
#include "ngx_opscom_resp.h"


#define NGX_OPSCOM_OUT_FIRST  16384
#define NGX_OPSCOM_OUT_KEEP   65536
#define NGX_OPSCOM_REPLY_POOL 4096

/* far beyond CLUSTER SLOTS of a large cluster, the largest reply asked for */
#define NGX_OPSCOM_MAX_ELEMENTS 65536
#define NGX_OPSCOM_MAX_REPLY    (8 * 1024 * 1024)


static u_char             *ngx_opscom_write_digits(u_char *p, uint64_t n);
static ngx_opscom_reply_t *ngx_opscom_reply_create(const redisReadTask *task);
static void               *ngx_opscom_reply_string(
                  const redisReadTask *task, char *text, size_t len);
static void *ngx_opscom_reply_integer(
    const redisReadTask *task, long long integer);
static void *ngx_opscom_reply_nil(const redisReadTask *task);
static void  ngx_opscom_reply_free(void *reply);

#if (HIREDIS_MAJOR >= 1)

static void *ngx_opscom_reply_array(const redisReadTask *task, size_t nelts);
static void *ngx_opscom_reply_double(
    const redisReadTask *task, double number, char *text, size_t len);
static void *ngx_opscom_reply_bool(const redisReadTask *task, int truth);

#else

static void *ngx_opscom_reply_array(const redisReadTask *task, int nelts);

#endif


static redisReplyObjectFunctions ngx_opscom_reply_functions = {
    .createString = ngx_opscom_reply_string,
    .createArray = ngx_opscom_reply_array,
    .createInteger = ngx_opscom_reply_integer,
#if (HIREDIS_MAJOR >= 1)
    .createDouble = ngx_opscom_reply_double,
    .createBool = ngx_opscom_reply_bool,
#endif
    .createNil = ngx_opscom_reply_nil,
    .freeObject = ngx_opscom_reply_free,
};


ngx_int_t
ngx_opscom_out_reserve(ngx_opscom_out_t *out, size_t size, ngx_log_t *log)
{
    size_t  used, room;
    u_char *start;

    if ((size_t) (out->end - out->last) >= size) {
        return NGX_OK;
    }

    used = out->last - out->pos;
    room = out->end - out->start;

    /* moving pays where at least half of the memory is free */

    if (used + size <= room / 2) {
        ngx_memmove(out->start, out->pos, used);
        out->pos = out->start;
        out->last = out->start + used;
        return NGX_OK;
    }

    room = ngx_max(room, NGX_OPSCOM_OUT_FIRST);

    while (room < (used + size) * 2) {
        room *= 2;
    }

    start = ngx_alloc(room, log);
    if (start == NULL) {
        return NGX_ERROR;
    }

    if (out->start) {
        ngx_memcpy(start, out->pos, used);
        ngx_free(out->start);
    }

    out->start = start;
    out->pos = start;
    out->last = start + used;
    out->end = start + room;

    return NGX_OK;
}


void
ngx_opscom_out_sent(ngx_opscom_out_t *out, size_t n)
{
    out->pos += n;

    if (out->pos < out->last) {
        return;
    }

    if (out->end - out->start > NGX_OPSCOM_OUT_KEEP) {
        ngx_opscom_out_free(out);
        return;
    }

    out->pos = out->start;
    out->last = out->start;
}


void
ngx_opscom_out_free(ngx_opscom_out_t *out)
{
    if (out->start) {
        ngx_free(out->start);
    }

    ngx_memzero(out, sizeof(ngx_opscom_out_t));
}


u_char *
ngx_opscom_write_header(u_char *p, ngx_uint_t argc)
{
    *p++ = '*';

    return ngx_opscom_write_end(ngx_opscom_write_digits(p, argc));
}


u_char *
ngx_opscom_write_argument(u_char *p, u_char *data, size_t len)
{
    p = ngx_opscom_write_length(p, len);

    /* nothing may be nowhere */

    if (len) {
        p = ngx_cpymem(p, data, len);
    }

    return ngx_opscom_write_end(p);
}


u_char *
ngx_opscom_write_integer(u_char *p, uint64_t n)
{
    size_t len;
    u_char digits[NGX_INT64_LEN];

    len = ngx_opscom_write_digits(digits, n) - digits;

    return ngx_opscom_write_argument(p, digits, len);
}


u_char *
ngx_opscom_write_length(u_char *p, size_t len)
{
    *p++ = '$';

    return ngx_opscom_write_end(ngx_opscom_write_digits(p, len));
}


u_char *
ngx_opscom_write_end(u_char *p)
{
    *p++ = CR;
    *p++ = LF;

    return p;
}


/* ngx_sprintf() costs more than all else in a command. */

static u_char *
ngx_opscom_write_digits(u_char *p, uint64_t n)
{
    u_char  digits[NGX_INT64_LEN];
    u_char *d;

    if (n < 10) {
        *p++ = (u_char) ('0' + n);
        return p;
    }

    if (n < 100) {
        *p++ = (u_char) ('0' + n / 10);
        *p++ = (u_char) ('0' + n % 10);
        return p;
    }

    d = digits + sizeof(digits);

    do {
        *--d = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    return ngx_cpymem(p, d, digits + sizeof(digits) - d);
}


ngx_int_t
ngx_opscom_write_command(
    ngx_opscom_out_t *out, ngx_str_t *argv, ngx_uint_t argc, ngx_log_t *log)
{
    size_t     size;
    u_char    *p;
    ngx_uint_t i;

    size = NGX_OPSCOM_HEADER_SIZE;

    for (i = 0; i < argc; i++) {
        size += NGX_OPSCOM_ARGUMENT_SIZE(argv[i].len);
    }

    if (ngx_opscom_out_reserve(out, size, log) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_opscom_write_header(out->last, argc);

    for (i = 0; i < argc; i++) {
        p = ngx_opscom_write_argument(p, argv[i].data, argv[i].len);
    }

    out->last = p;

    return NGX_OK;
}


ngx_int_t
ngx_opscom_reader_init(ngx_opscom_reader_t *reader, ngx_log_t *log)
{
    reader->pool = ngx_create_pool(NGX_OPSCOM_REPLY_POOL, log);
    if (reader->pool == NULL) {
        return NGX_ERROR;
    }

    reader->hiredis = redisReaderCreateWithFunctions(
        &ngx_opscom_reply_functions);
    if (reader->hiredis == NULL) {
        ngx_opscom_reader_destroy(reader);
        return NGX_ERROR;
    }

    reader->hiredis->privdata = reader->pool;

    return NGX_OK;
}


void
ngx_opscom_reader_destroy(ngx_opscom_reader_t *reader)
{
    if (reader->hiredis) {
        redisReaderFree(reader->hiredis);
        reader->hiredis = NULL;
    }

    if (reader->pool) {
        ngx_destroy_pool(reader->pool);
        reader->pool = NULL;
    }
}


ngx_int_t
ngx_opscom_reader_feed(ngx_opscom_reader_t *reader, u_char *data, size_t len)
{
    if (reader->hiredis->len + len > NGX_OPSCOM_MAX_REPLY) {
        return NGX_ERROR;
    }

    return redisReaderFeed(reader->hiredis, (char *) data, len) == REDIS_OK
        ? NGX_OK
        : NGX_ERROR;
}


ngx_int_t
ngx_opscom_reader_next(ngx_opscom_reader_t *reader, ngx_opscom_reply_t **reply)
{
    void *object;

    /* a reply that came in part already has a foot in the pool */

    if (reader->hiredis->ridx == -1) {
        ngx_reset_pool(reader->pool);
    }

    object = NULL;

    if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK) {
        return NGX_ERROR;
    }

    if (object == NULL) {
        return NGX_AGAIN;
    }

    *reply = object;

    return NGX_OK;
}


char *
ngx_opscom_reader_error(ngx_opscom_reader_t *reader)
{
    return reader->hiredis->err ? reader->hiredis->errstr
                                : "a reply is too large";
}


static ngx_opscom_reply_t *
ngx_opscom_reply_create(const redisReadTask *task)
{
    ngx_pool_t         *pool;
    ngx_opscom_reply_t *reply, *parent;

    pool = task->privdata;

    reply = ngx_pcalloc(pool, sizeof(ngx_opscom_reply_t));
    if (reply == NULL) {
        return NULL;
    }

    reply->type = task->type;

    if (task->parent) {
        parent = task->parent->obj;
        parent->elts[task->idx] = reply;
    }

    return reply;
}


static void *
ngx_opscom_reply_string(const redisReadTask *task, char *text, size_t len)
{
    ngx_opscom_reply_t *reply;

    reply = ngx_opscom_reply_create(task);
    if (reply == NULL) {
        return NULL;
    }

    /* hiredis moves its buffer before the reply is out */

    reply->text.data = ngx_pnalloc(task->privdata, len);
    if (reply->text.data == NULL) {
        return NULL;
    }

    ngx_memcpy(reply->text.data, text, len);
    reply->text.len = len;

    return reply;
}


static void *
#if (HIREDIS_MAJOR >= 1)
ngx_opscom_reply_array(const redisReadTask *task, size_t nelts)
#else
             ngx_opscom_reply_array(const redisReadTask *task, int nelts)
#endif
{
    ngx_opscom_reply_t *reply;

    if ((size_t) nelts > NGX_OPSCOM_MAX_ELEMENTS) {
        return NULL;
    }

    reply = ngx_opscom_reply_create(task);
    if (reply == NULL) {
        return NULL;
    }

    reply->nelts = nelts;

    if (nelts) {
        reply->elts = ngx_pcalloc(
            task->privdata, nelts * sizeof(ngx_opscom_reply_t *));
        if (reply->elts == NULL) {
            return NULL;
        }
    }

    return reply;
}


static void *
ngx_opscom_reply_integer(const redisReadTask *task, long long integer)
{
    ngx_opscom_reply_t *reply;

    reply = ngx_opscom_reply_create(task);

    if (reply) {
        reply->integer = integer;
    }

    return reply;
}


/* The task still has the type that the value would have had. */

static void *
ngx_opscom_reply_nil(const redisReadTask *task)
{
    ngx_opscom_reply_t *reply;

    reply = ngx_opscom_reply_create(task);

    if (reply) {
        reply->type = REDIS_REPLY_NIL;
    }

    return reply;
}


#if (HIREDIS_MAJOR >= 1)

/* RESP3 is never asked for: what has no use here is nil. */

static void *
ngx_opscom_reply_double(
    const redisReadTask *task, double number, char *text, size_t len)
{
    return ngx_opscom_reply_nil(task);
}


static void *
ngx_opscom_reply_bool(const redisReadTask *task, int truth)
{
    return ngx_opscom_reply_nil(task);
}

#endif


/* The pool frees. */

static void
ngx_opscom_reply_free(void *reply)
{
    /* void */
}
