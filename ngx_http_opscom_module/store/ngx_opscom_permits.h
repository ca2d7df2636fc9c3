
/*
 * The permits in Redis: which keys they have, and the calls that write them.
 * The keys are those of docs/redis.md.
 */


#ifndef NGX_OPSCOM_PERMITS_H_INCLUDED
#define NGX_OPSCOM_PERMITS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_call.h"


#define NGX_OPSCOM_DIGEST_LEN 64 /* SHA-256 in lower-case hex */


typedef struct {
    ngx_str_t name;
    ngx_str_t value;
} ngx_opscom_field_t;


/* What is to be written.  Only the client's text must outlive the call. */

typedef struct {
    ngx_str_t prefix;
    ngx_str_t client;
    ngx_str_t token_digest;
    ngx_str_t reference_id;
    ngx_str_t now; /* YYYY-MM-DDTHH:MM:SS.mmmZ */
    time_t    now_seconds;

    ngx_str_t plate; /* of a push: these as well */
    ngx_str_t start;
    ngx_str_t end;
    ngx_str_t zone; /* empty: none */
    int64_t   end_seconds;

    ngx_opscom_field_t *fields; /* all others, of up to 65535 bytes each */
    ngx_uint_t          nfields;

    ngx_str_t  fingerprint; /* hex SHA-256 of what is asked for */
    ngx_str_t  idempotency; /* that of the key; empty: none */
    ngx_msec_t idempotency_ttl;
    ngx_msec_t dedup;         /* 0: off */
    time_t     retention;     /* seconds, 0: for ever */
    ngx_uint_t stream_maxlen; /* 0: off */
    ngx_uint_t replicas;      /* 0: none is waited for */
    ngx_msec_t replicas_time;
} ngx_opscom_write_t;


typedef enum {
    NGX_OPSCOM_UNAUTHORIZED,
    NGX_OPSCOM_WRITTEN,
    NGX_OPSCOM_REPLAYED,
    NGX_OPSCOM_KEY_REUSED,
    NGX_OPSCOM_NOT_FOUND,
    NGX_OPSCOM_END_NOT_AFTER_START,
    NGX_OPSCOM_VERDICTS
} ngx_opscom_verdict_t;


typedef struct {
    ngx_opscom_verdict_t verdict;
    ngx_str_t            label;        /* of the token; empty: unknown */
    ngx_str_t            reference_id; /* of a replay */
} ngx_opscom_result_t;


/*
 * Make the call that a script needs, from the pool: script, words, tag and
 * replicas.  NGX_ERROR without memory.
 */
ngx_int_t ngx_opscom_permits_push(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool);
ngx_int_t ngx_opscom_permits_update(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool);
ngx_int_t ngx_opscom_permits_delete(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool);

/*
 * Reads what a script answered, into texts from the pool.  NGX_ERROR: it is of
 * another shape (or there is no memory).
 */
ngx_int_t ngx_opscom_permits_result(
    ngx_opscom_reply_t *reply, ngx_opscom_result_t *result, ngx_pool_t *pool);


#endif /* NGX_OPSCOM_PERMITS_H_INCLUDED */
