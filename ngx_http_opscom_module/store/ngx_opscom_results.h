
/* What the scripts answer: the results of writes and of look-ups. */


#ifndef NGX_OPSCOM_RESULTS_H_INCLUDED
#define NGX_OPSCOM_RESULTS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_reader.h"


#define NGX_OPSCOM_MAX_REFERENCE_ID 50 /* what Redis answers is no longer */


typedef enum {
    NGX_OPSCOM_UNAUTHORIZED,
    NGX_OPSCOM_WRITTEN, /* of a lookup: found */
    NGX_OPSCOM_REPLAYED,
    NGX_OPSCOM_KEY_REUSED,
    NGX_OPSCOM_NOT_FOUND,
    NGX_OPSCOM_END_NOT_AFTER_START,
    NGX_OPSCOM_TOO_MANY, /* of a lookup: whether one is valid is not known */
    NGX_OPSCOM_REFUSED, /* of one of many: an error, and it was not stored */
    NGX_OPSCOM_VERDICTS
} ngx_opscom_verdict_t;


typedef struct {
    ngx_opscom_verdict_t  verdict;
    ngx_str_t  label;        /* of the token; empty: unknown, or not text */
    ngx_str_t  reference_id; /* of a replay */
    ngx_str_t  reason;       /* Redis's error text, where refused */
} ngx_opscom_result_t;


typedef struct {
    ngx_opscom_verdict_t  verdict;
    ngx_str_t             label;
    ngx_str_t             permits; /* a JSON array, UTF-8; in the reply */
    ngx_uint_t            valid;   /* 1: one of them is */
    ngx_uint_t            more;    /* 1: there are more */
} ngx_opscom_found_t;


/*
 * Reads what the script of a push, update or delete answered, into texts from
 * the pool.  NGX_OK: Redis wrote.  NGX_DECLINED: it did not.  NGX_ERROR: this
 * is no answer to the call for that reference ID (or there is no memory).
 */
ngx_int_t ngx_opscom_results_write(ngx_opscom_reply_t *reply,
    ngx_str_t *reference_id, ngx_opscom_result_t *result, ngx_pool_t *pool);

/* The same of n pushes, in their order. */
ngx_int_t ngx_opscom_results_pushes(ngx_opscom_reply_t *reply,
    ngx_str_t *reference_ids, ngx_uint_t n, ngx_opscom_result_t *results,
    ngx_pool_t *pool);

/*
 * The same of a lookup, for the reference ID or, without one, the plate that
 * was asked for.  NGX_DECLINED is its success.  The permits live as long as the
 * reply, unless bytes in them had to be replaced: a response takes a copy.
 */
ngx_int_t ngx_opscom_results_lookup(ngx_opscom_reply_t *reply,
    ngx_str_t *asked, ngx_opscom_found_t *found, ngx_pool_t *pool);


#endif /* NGX_OPSCOM_RESULTS_H_INCLUDED */
