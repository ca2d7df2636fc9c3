
/* The commands of a connection that have no reply yet, in their order. */


#ifndef NGX_OPSCOM_INFLIGHT_H_INCLUDED
#define NGX_OPSCOM_INFLIGHT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_call.h"


/* Takes the reply to one of the connection's own commands. */
typedef void (*ngx_opscom_step_pt)(void *data, ngx_opscom_reply_t *reply);


typedef struct {
    ngx_opscom_call_t  *call; /* NULL: an own command, or cancelled */
    ngx_opscom_step_pt  step; /* of an own command */
    void               *data; /* of step() */
    uint64_t            end;  /* of its bytes, counted from the first one */
    ngx_msec_t          deadline;

    /* slots that the reply is for, in the first of them; 0: not written yet */
    ngx_uint_t          replies;
} ngx_opscom_slot_t;


/* A ring; grows to what it has to hold.  Zeroed is empty. */

typedef struct {
    ngx_opscom_slot_t  *slots;
    uint64_t            size; /* a power of two, or 0 */
    uint64_t            head; /* numbers of the oldest slot ... */
    uint64_t            tail; /* ... and of the next one */
} ngx_opscom_inflight_t;


/* The next free slot, zeroed, or NULL without memory. */
ngx_opscom_slot_t *ngx_opscom_inflight_push(ngx_opscom_inflight_t *inflight,
    ngx_log_t *log);

/* The oldest slot, or NULL. */
ngx_opscom_slot_t *ngx_opscom_inflight_head(ngx_opscom_inflight_t *inflight);

/* The slot with this number, which must be in the ring. */
ngx_opscom_slot_t *ngx_opscom_inflight_slot(ngx_opscom_inflight_t *inflight,
    uint64_t number);

/* Take the oldest or the newest slot out, into memory of the caller. */
ngx_int_t ngx_opscom_inflight_shift(ngx_opscom_inflight_t *inflight,
    ngx_opscom_slot_t *slot);
ngx_int_t ngx_opscom_inflight_pop(ngx_opscom_inflight_t *inflight,
    ngx_opscom_slot_t *slot);

/* Moves a call to another's place; all from there on make room for it. */
void ngx_opscom_inflight_move(ngx_opscom_inflight_t *inflight, uint64_t from,
    uint64_t to);

/* The n slots from a number on are of one command, whose bytes end there. */
void ngx_opscom_inflight_written(ngx_opscom_inflight_t *inflight,
    uint64_t number, ngx_uint_t n, uint64_t end);

#define ngx_opscom_inflight_count(inflight)                                   \
    ((inflight)->tail - (inflight)->head)

/* Frees the ring and drops its contents. */
void ngx_opscom_inflight_free(ngx_opscom_inflight_t *inflight);


#endif /* NGX_OPSCOM_INFLIGHT_H_INCLUDED */
