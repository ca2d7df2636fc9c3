
/*
 * A call: one command to Redis and the one who waits for its reply.
 *
 * The caller owns the call and all that it points at, usually in a request's
 * pool, from ngx_opscom_store_send() until done() was called or
 * ngx_opscom_call_cancel() was.
 */


#ifndef NGX_OPSCOM_CALL_H_INCLUDED
#define NGX_OPSCOM_CALL_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_resp.h"
#include "ngx_opscom_script.h"


typedef struct ngx_opscom_call_s ngx_opscom_call_t;
typedef struct ngx_opscom_link_s ngx_opscom_link_t;


typedef enum {
    NGX_OPSCOM_DONE,        /* Redis executed it */
    NGX_OPSCOM_UNAVAILABLE, /* it was not executed, and nothing was stored */
    NGX_OPSCOM_UNKNOWN      /* it was sent, and may have been executed */
} ngx_opscom_outcome_t;


/*
 * Reads a reply that is not an error; the reply is gone afterwards.  NGX_ERROR
 * tells that it has the wrong shape.
 */
typedef ngx_int_t (*ngx_opscom_read_pt)(
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);

/*
 * The end of the call; with NGX_OPSCOM_DONE, read() was called before.  May
 * free the call, and may send further ones.
 */
typedef void (*ngx_opscom_done_pt)(
    ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome);


typedef enum {
    NGX_OPSCOM_CALL_NEW,
    NGX_OPSCOM_CALL_WAITING, /* for a connection */
    NGX_OPSCOM_CALL_SENT,    /* in the order of replies */
    NGX_OPSCOM_CALL_HELD,    /* replied, until replicas have it */
    NGX_OPSCOM_CALL_ENDING   /* about to be told */
} ngx_opscom_call_state_t;


struct ngx_opscom_call_s {

    /* set by the caller */

    ngx_opscom_read_pt read;
    ngx_opscom_done_pt done;
    void              *data;

    ngx_opscom_script_t *script; /* NULL: the words are the whole command */
    ngx_str_t            words;  /* in RESP: keys, then arguments */
    ngx_uint_t           argc;   /* how many words that is */
    ngx_uint_t           nkeys;
    ngx_str_t            tag; /* the hash tag of all keys */

    /* NULL, or a byte of words: '0', and '1' once the call is sent again */
    u_char *again;

    /*
     * Executed twice, it does what it does once: it may be sent again although
     * an earlier attempt may have been executed.
     */
    unsigned repeatable : 1;
    unsigned maybe_executed : 1;

    ngx_uint_t replicas; /* 0: none is waited for */
    ngx_msec_t replicas_time;

    /* the store's own */

    ngx_queue_t             queue;
    ngx_opscom_link_t      *link;
    ngx_opscom_call_state_t state;
    uint64_t                number; /* its place in the order of replies */
    ngx_msec_t              deadline;
    ngx_uint_t              turns; /* how often it was sent anew */
    ngx_opscom_outcome_t    outcome;
    unsigned                by_source : 1; /* EVAL: Redis lost the script */
    unsigned                asking : 1;
};


/*
 * Leaves: done() will not be called, and a reply that comes is dropped.  May
 * be called at any time; harmless before the call was sent and after it ended.
 */
void ngx_opscom_call_cancel(ngx_opscom_call_t *call);


#endif /* NGX_OPSCOM_CALL_H_INCLUDED */
