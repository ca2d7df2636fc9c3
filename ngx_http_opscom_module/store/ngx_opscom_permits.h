
/*
 * The permits in Redis: which keys they have, and the calls that write and
 * look up them.  The keys are those of docs/redis.md.
 */


#ifndef NGX_OPSCOM_PERMITS_H_INCLUDED
#define NGX_OPSCOM_PERMITS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_call.h"
#include "ngx_opscom_words.h"


#define NGX_OPSCOM_DIGEST_LEN 64 /* SHA-256 in lower-case hex */

#define NGX_OPSCOM_MAX_PUSHES NGX_OPSCOM_MAX_JOINED /* in one call */


/* What is to be written.  Only the client's text must outlive the call. */

typedef struct {
    ngx_str_t  prefix;
    ngx_str_t  client;
    ngx_str_t  token_digest;
    ngx_str_t  reference_id;
    ngx_str_t  now; /* YYYY-MM-DDTHH:MM:SS.mmmZ */
    uint64_t   now_seconds;

    ngx_str_t  plate; /* of a push: these as well */
    ngx_str_t  start;
    ngx_str_t  end;
    ngx_str_t  zone; /* empty: none */
    uint64_t   end_seconds;

    ngx_opscom_field_t  *fields; /* all others, of up to 65535 bytes each */
    ngx_uint_t           nfields;

    ngx_str_t  fingerprint; /* hex SHA-256 of what is asked for */
    ngx_str_t  idempotency; /* that of the key; empty: none */
    uint64_t   idempotency_ttl; /* ms */
    uint64_t   dedup;           /* ms, 0: off */
    uint64_t   retention;       /* seconds, 0: for ever */
    uint64_t   stream_maxlen;   /* 0: off */
    uint64_t   stream_minimal;  /* 1: an event has five members and no more */
    uint64_t   replicas;        /* 0: none is waited for */

    /*
     * With retention 0: 1 where keys of this prefix may have an expiry all the
     * same, because retention is on in another location of that prefix, or was
     * on before.  It costs each push a command.
     */
    uint64_t  persist;

    /* the layer's own */

    uint64_t  key_ttl;
    uint64_t  expires;
    uint64_t  count;
    uint64_t  keys_each;
    uint64_t  words_each;
} ngx_opscom_write_t;


/* What is looked up: a reference ID, a plate, or a permit that has both. */

typedef struct {
    ngx_str_t  prefix;
    ngx_str_t  client;
    ngx_str_t  token_digest;
    ngx_str_t  reference_id; /* empty: the permits of the plate */
    ngx_str_t  plate;        /* in normal form; empty: any */
    ngx_str_t  zone;         /* empty: any */
    uint64_t   at;           /* epoch seconds */
} ngx_opscom_lookup_t;


/*
 * Make the call that a script needs, from the pool: script, words, tag,
 * replicas, and whether it may be sent twice.  NGX_ERROR without memory.
 */
ngx_int_t ngx_opscom_permits_push(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_pool_t *pool);
ngx_int_t ngx_opscom_permits_update(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_pool_t *pool);
ngx_int_t ngx_opscom_permits_delete(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_pool_t *pool);
ngx_int_t ngx_opscom_permits_lookup(ngx_opscom_call_t *call,
    ngx_opscom_lookup_t *lookup, ngx_pool_t *pool);

/*
 * The same for n pushes, 1 to NGX_OPSCOM_MAX_PUSHES, in one call.  The prefix,
 * client, token and settings are those of the first; reference IDs differ.
 */
ngx_int_t ngx_opscom_permits_pushes(ngx_opscom_call_t *call,
    ngx_opscom_write_t *writes, ngx_uint_t n, ngx_pool_t *pool);

#endif /* NGX_OPSCOM_PERMITS_H_INCLUDED */
