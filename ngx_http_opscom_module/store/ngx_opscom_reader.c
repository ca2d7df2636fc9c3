
/* Replies of Redis, out of hiredis's reader into a pool. */


#include "ngx_opscom_reader.h"


#define NGX_OPSCOM_READER_POOL 4096

/* A pool that held more elements than this is not kept. */
#define NGX_OPSCOM_READER_KEEP 64


static ngx_int_t ngx_opscom_reader_reset(ngx_opscom_reader_t *reader);
static ngx_opscom_reply_t *ngx_opscom_reader_create(const redisReadTask *task);
static void *ngx_opscom_reader_string(const redisReadTask *task, char *text,
    size_t len);
static void *ngx_opscom_reader_elements(const redisReadTask *task,
    size_t nelts);
static void *ngx_opscom_reader_integer(const redisReadTask *task,
    long long integer);
static void *ngx_opscom_reader_nil(const redisReadTask *task);
static void ngx_opscom_reader_free(void *reply);

#if (HIREDIS_MAJOR >= 1)

static void *ngx_opscom_reader_array(const redisReadTask *task, size_t nelts);
static void *ngx_opscom_reader_double(const redisReadTask *task, double number,
    char *text, size_t len);
static void *ngx_opscom_reader_bool(const redisReadTask *task, int truth);

#else

static void *ngx_opscom_reader_array(const redisReadTask *task, int nelts);

#endif


static redisReplyObjectFunctions ngx_opscom_reader_functions = {
    .createString = ngx_opscom_reader_string,
    .createArray = ngx_opscom_reader_array,
    .createInteger = ngx_opscom_reader_integer,
#if (HIREDIS_MAJOR >= 1)
    .createDouble = ngx_opscom_reader_double,
    .createBool = ngx_opscom_reader_bool,
#endif
    .createNil = ngx_opscom_reader_nil,
    .freeObject = ngx_opscom_reader_free,
};


ngx_int_t
ngx_opscom_reader_init(ngx_opscom_reader_t *reader, ngx_log_t *log)
{
    reader->log = log;
    reader->elements = 0;
    reader->bytes = 0;
    reader->too_large = 0;

    reader->pool = ngx_create_pool(NGX_OPSCOM_READER_POOL, log);
    if (reader->pool == NULL) {
        return NGX_ERROR;
    }

    reader->hiredis = redisReaderCreateWithFunctions(
                                               &ngx_opscom_reader_functions);
    if (reader->hiredis == NULL) {
        ngx_opscom_reader_destroy(reader);
        return NGX_ERROR;
    }

    reader->hiredis->privdata = reader;

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
    if (reader->hiredis->len + len > NGX_OPSCOM_READER_BYTES) {
        reader->too_large = 1;
        return NGX_ERROR;
    }

    return redisReaderFeed(reader->hiredis, (char *) data, len) == REDIS_OK
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_opscom_reader_next(ngx_opscom_reader_t *reader, ngx_opscom_reply_t **reply)
{
    void  *object;

    /* a reply that came in part already has elements in the pool */

    if (reader->hiredis->ridx == -1
        && ngx_opscom_reader_reset(reader) != NGX_OK)
    {
        return NGX_ERROR;
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


/* A pool keeps its blocks when it is reset. */

static ngx_int_t
ngx_opscom_reader_reset(ngx_opscom_reader_t *reader)
{
    ngx_uint_t  elements;

    elements = reader->elements;

    reader->elements = 0;
    reader->bytes = 0;

    if (elements <= NGX_OPSCOM_READER_KEEP) {
        ngx_reset_pool(reader->pool);
        return NGX_OK;
    }

    ngx_destroy_pool(reader->pool);

    reader->pool = ngx_create_pool(NGX_OPSCOM_READER_POOL, reader->log);

    return reader->pool ? NGX_OK : NGX_ERROR;
}


char *
ngx_opscom_reader_error(ngx_opscom_reader_t *reader)
{
    if (reader->too_large) {
        return "reply is too large";
    }

    return reader->hiredis->err ? reader->hiredis->errstr : "no memory";
}


static ngx_opscom_reply_t *
ngx_opscom_reader_create(const redisReadTask *task)
{
    ngx_opscom_reply_t   *reply, *parent;
    ngx_opscom_reader_t  *reader;

    reader = task->privdata;

    if (reader->elements == NGX_OPSCOM_READER_ELEMENTS) {
        reader->too_large = 1;
        return NULL;
    }

    reader->elements++;

    reply = ngx_pcalloc(reader->pool, sizeof(ngx_opscom_reply_t));
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
ngx_opscom_reader_string(const redisReadTask *task, char *text, size_t len)
{
    ngx_opscom_reply_t   *reply;
    ngx_opscom_reader_t  *reader;

    reader = task->privdata;

    if (len > NGX_OPSCOM_READER_BYTES - reader->bytes) {
        reader->too_large = 1;
        return NULL;
    }

    reader->bytes += len;

    reply = ngx_opscom_reader_create(task);
    if (reply == NULL) {
        return NULL;
    }

    /* hiredis moves its buffer before it returns the reply */

    reply->text.data = ngx_pnalloc(reader->pool, len);
    if (reply->text.data == NULL) {
        return NULL;
    }

    ngx_memcpy(reply->text.data, text, len);
    reply->text.len = len;

    return reply;
}


#if (HIREDIS_MAJOR >= 1)

static void *
ngx_opscom_reader_array(const redisReadTask *task, size_t nelts)
{
    return ngx_opscom_reader_elements(task, nelts);
}

#else

static void *
ngx_opscom_reader_array(const redisReadTask *task, int nelts)
{
    return ngx_opscom_reader_elements(task, nelts);
}

#endif


static void *
ngx_opscom_reader_elements(const redisReadTask *task, size_t nelts)
{
    ngx_opscom_reply_t   *reply;
    ngx_opscom_reader_t  *reader;

    reader = task->privdata;

    if (nelts > NGX_OPSCOM_READER_ELEMENTS - reader->elements
        || nelts * sizeof(ngx_opscom_reply_t *)
           > NGX_OPSCOM_READER_BYTES - reader->bytes)
    {
        reader->too_large = 1;
        return NULL;
    }

    /* an array may announce elements that never come */

    reader->bytes += nelts * sizeof(ngx_opscom_reply_t *);

    reply = ngx_opscom_reader_create(task);
    if (reply == NULL) {
        return NULL;
    }

    reply->nelts = nelts;

    if (nelts) {
        reply->elts = ngx_pcalloc(reader->pool,
                                  nelts * sizeof(ngx_opscom_reply_t *));
        if (reply->elts == NULL) {
            return NULL;
        }
    }

    return reply;
}


static void *
ngx_opscom_reader_integer(const redisReadTask *task, long long integer)
{
    ngx_opscom_reply_t  *reply;

    reply = ngx_opscom_reader_create(task);

    if (reply) {
        reply->integer = integer;
    }

    return reply;
}


/* The task has the type that the value would have had. */

static void *
ngx_opscom_reader_nil(const redisReadTask *task)
{
    ngx_opscom_reply_t  *reply;

    reply = ngx_opscom_reader_create(task);

    if (reply) {
        reply->type = REDIS_REPLY_NIL;
    }

    return reply;
}


#if (HIREDIS_MAJOR >= 1)

/*
 * RESP3 is never asked for.  Without these hiredis would return an invalid
 * pointer.
 */

static void *
ngx_opscom_reader_double(const redisReadTask *task, double number, char *text,
    size_t len)
{
    return ngx_opscom_reader_nil(task);
}


static void *
ngx_opscom_reader_bool(const redisReadTask *task, int truth)
{
    return ngx_opscom_reader_nil(task);
}

#endif


/* The pool frees. */

static void
ngx_opscom_reader_free(void *reply)
{
    /* void */
}
