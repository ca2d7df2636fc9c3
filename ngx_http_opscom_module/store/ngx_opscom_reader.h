
/* Replies of Redis, out of hiredis's reader into a pool. */


#ifndef NGX_OPSCOM_READER_H_INCLUDED
#define NGX_OPSCOM_READER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include <hiredis/hiredis.h>


/*
 * Bounds of one reply.  CLUSTER SLOTS is the largest that is asked for: 16384
 * ranges of a few elements each in the worst case.
 */
#define NGX_OPSCOM_READER_BYTES    (8 * 1024 * 1024)
#define NGX_OPSCOM_READER_ELEMENTS 262144


typedef struct ngx_opscom_reply_s ngx_opscom_reply_t;

struct ngx_opscom_reply_s {
    int                   type; /* REDIS_REPLY_* */
    int64_t               integer;
    ngx_str_t             text; /* of a string, a status or an error */
    ngx_uint_t            nelts;
    ngx_opscom_reply_t  **elts; /* of an array */
};


typedef struct {
    redisReader  *hiredis;
    ngx_pool_t   *pool;
    ngx_log_t    *log;
    ngx_uint_t    elements; /* of the reply that is being read */
    size_t        bytes;
    unsigned      too_large:1;
} ngx_opscom_reader_t;


/*
 * Prepares a zeroed reader, which must not move afterwards.  Returns NGX_ERROR
 * without memory.
 */
ngx_int_t ngx_opscom_reader_init(ngx_opscom_reader_t *reader, ngx_log_t *log);

/* Frees the reader and every reply; harmless when it was not initialised. */
void ngx_opscom_reader_destroy(ngx_opscom_reader_t *reader);

/* Takes received bytes.  Returns NGX_ERROR without memory. */
ngx_int_t ngx_opscom_reader_feed(ngx_opscom_reader_t *reader, u_char *data,
    size_t len);

/*
 * Takes the next whole reply out: NGX_OK and a reply that lives until the next
 * call, NGX_AGAIN when more bytes are needed, NGX_ERROR when this is no RESP,
 * is too large or there is no memory: nothing more can be read then.
 */
ngx_int_t ngx_opscom_reader_next(ngx_opscom_reader_t *reader,
    ngx_opscom_reply_t **reply);

/* What was wrong, after NGX_ERROR; lives as long as the reader. */
char *ngx_opscom_reader_error(ngx_opscom_reader_t *reader);


#endif /* NGX_OPSCOM_READER_H_INCLUDED */
