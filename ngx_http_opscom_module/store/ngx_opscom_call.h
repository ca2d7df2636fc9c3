
/*
 * A call: one command to Redis and its caller, which waits for the reply.
 *
 * The caller owns the call and all that it points at, usually in a request's
 * pool, from ngx_opscom_store_send() until done() was called or
 * ngx_opscom_store_cancel() was.
 */


#ifndef NGX_OPSCOM_CALL_H_INCLUDED
#define NGX_OPSCOM_CALL_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_account.h"
#include "ngx_opscom_reader.h"
#include "ngx_opscom_scripts.h"


#define NGX_OPSCOM_MAX_JOINED 32 /* in one command: Redis does nothing else */


typedef struct ngx_opscom_call_s ngx_opscom_call_t;
typedef struct ngx_opscom_link_s ngx_opscom_link_t;


typedef enum {
    NGX_OPSCOM_DONE,        /* Redis executed it, and read() took the reply */
    NGX_OPSCOM_UNAVAILABLE, /* it was not executed: nothing was stored */
    NGX_OPSCOM_UNKNOWN      /* it was sent, and may have been executed */
} ngx_opscom_outcome_t;


/*
 * Reads a reply that is not an error; the reply is freed afterwards.  NGX_OK:
 * Redis wrote, so that replicas are waited for where the settings say so.
 * NGX_DECLINED: Redis executed it and wrote nothing.  NGX_ERROR: this cannot be
 * the reply to the call; the connection is closed, as replies and calls are no
 * longer in step.
 */
typedef ngx_int_t (*ngx_opscom_read_pt)(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply);

/*
 * The end of the call; with NGX_OPSCOM_DONE, read() was called before (more
 * than once where the call was sent again).  May free the call, and may send
 * further ones.
 */
typedef void (*ngx_opscom_done_pt)(ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome);


typedef enum {
    NGX_OPSCOM_CALL_NEW,
    NGX_OPSCOM_CALL_WAITING,   /* in a link's queue, to be sent */
    NGX_OPSCOM_CALL_POSTPONED, /* in the store's queue, to be sent */
    NGX_OPSCOM_CALL_SENT,      /* in the ring of commands without a reply */
    NGX_OPSCOM_CALL_HELD,      /* replied, until replicas have it */
    NGX_OPSCOM_CALL_ENDING     /* done() is about to be called */
} ngx_opscom_call_state_t;


/*
 * How a call is sent in one command with others of its kind.  Its words are in
 * four parts: keys and arguments that it shares with them, each followed by
 * those of its own.  Calls whose shared parts are equal go to "script", with
 *
 *     the shared keys, the own keys of each call,
 *     the shared arguments, the number of calls, how many own keys and own
 *     arguments each has, the own arguments of each call.
 *
 * It answers an array of what each call would be answered alone, errors among
 * them; or, for all of them, an error or an array of one element.
 */
typedef struct {
    ngx_opscom_script_t  *script; /* NULL: is always sent alone */
    uint32_t              own_keys; /* where in the words these begin, */
    uint32_t              argv;     /* ... the arguments */
    uint32_t              own_argv; /* ... and those of its own */
    uint16_t              nkeys;    /* how many are shared */
    uint16_t              nargs;
} ngx_opscom_join_t;


struct ngx_opscom_call_s {

    /* set by the caller; all else is zero */

    ngx_opscom_read_pt    read;
    ngx_opscom_done_pt    done;
    void                 *data;

    ngx_opscom_script_t  *script; /* NULL: the words are the whole command */
    ngx_str_t             words;  /* in RESP: keys, then arguments */
    ngx_uint_t            argc;   /* how many words that is */
    ngx_uint_t            nkeys;
    ngx_str_t             tag; /* the hash tag of all keys */
    ngx_opscom_join_t     join;

    /*
     * NULL, or a byte of the words, '0', which becomes '1' when the call is
     * sent again after an attempt that may have been executed.
     */
    u_char               *again;

    /* the store's own */

    ngx_queue_t              queue;
    ngx_opscom_account_t    *account;
    ngx_opscom_link_t       *link;
    ngx_opscom_call_state_t  state;
    ngx_opscom_outcome_t     outcome;
    uint64_t                 serial;   /* of two with as much time */
    uint64_t                 number;   /* of its slot in the ring */
    ngx_msec_t               until;    /* is not sent later */
    ngx_msec_t               deadline; /* ends by then, whatever happens */
    ngx_uint_t               redirects;
    unsigned                 by_source:1; /* EVAL: Redis lost the script */
    unsigned                 asking:1;
    unsigned                 retried:1; /* an attempt has failed */

    /* set by the caller: executing it twice is the same as once */

    unsigned  repeatable:1;

    /* set by the caller: it never writes */

    unsigned  reads:1;

    /*
     * set by the caller: it follows ASK to the node that its slot is moved to.
     * To that node, a key that has not come yet does not exist; it says so only
     * of keys that a call names, with TRYAGAIN.  So those follow that touch no
     * other keys, or that name one that is nowhere before they are executed;
     * neither does once an attempt may have been executed.
     */

    unsigned  follows:1;

    /* set by the caller: is not sent again, and never waits out an outage */

    unsigned  once:1;

    /*
     * For read() and done(): an earlier attempt may have been executed.  An
     * error of Redis is about the last attempt only, what a script answers is
     * about all of them.
     */
    unsigned  maybe_executed:1;
};


/*
 * Let calls end together.  _end() puts a call that is in no queue into "ended";
 * _finish() calls done() of each.  A done() may send further calls and cancel
 * others that are in "ended".
 */
void ngx_opscom_call_end(ngx_opscom_call_t *call, ngx_queue_t *ended,
    ngx_opscom_outcome_t outcome);
void ngx_opscom_call_finish(ngx_queue_t *ended);

/* Ends one call that is in no queue. */
void ngx_opscom_call_done(ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome);

/* What a call ends with that is not sent any more. */
ngx_opscom_outcome_t ngx_opscom_call_outcome(ngx_opscom_call_t *call);


#endif /* NGX_OPSCOM_CALL_H_INCLUDED */
