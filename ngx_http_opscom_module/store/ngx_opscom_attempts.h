
/*
 * The attempts of a link to connect: a round tries each address once, from the
 * one in turn; between rounds that fail there are growing pauses.
 */


#ifndef NGX_OPSCOM_ATTEMPTS_H_INCLUDED
#define NGX_OPSCOM_ATTEMPTS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_address.h"


typedef struct {
    ngx_array_t  *addresses; /* ngx_opscom_address_t */
    ngx_uint_t    first;     /* the one that a round begins with */
    ngx_uint_t    tried;     /* of them, in this round */
    ngx_uint_t    failures;  /* in a row */
    ngx_event_t   backoff;   /* the pause is over */
} ngx_opscom_attempts_t;


/*
 * Prepares a zeroed structure; there is an address at least.  A worker that
 * quits does not wait for the handler until there are calls that do.
 */
void ngx_opscom_attempts_init(ngx_opscom_attempts_t *attempts,
    ngx_array_t *addresses, ngx_event_handler_pt handler, void *data,
    ngx_log_t *log);

/* Whether there are calls that wait for the next attempt. */
#define ngx_opscom_attempts_awaited(attempts, flag)                           \
    ((attempts)->backoff.cancelable = !(flag))

/* Begins a round: the address to try. */
ngx_opscom_address_t *ngx_opscom_attempts_begin(
    ngx_opscom_attempts_t *attempts);

/* The next address of the round; NULL: all were tried. */
ngx_opscom_address_t *ngx_opscom_attempts_next(
    ngx_opscom_attempts_t *attempts);

/* The next round begins with another address. */
void ngx_opscom_attempts_skip(ngx_opscom_attempts_t *attempts);

/*
 * Starts the pause before the next round, after a failure at least.  While
 * calls wait it is a small part of the time that they may wait for, which is 0
 * where none do.
 */
void ngx_opscom_attempts_back_off(ngx_opscom_attempts_t *attempts,
    ngx_msec_t awaited);

/* Stops the pause. */
void ngx_opscom_attempts_close(ngx_opscom_attempts_t *attempts);


#endif /* NGX_OPSCOM_ATTEMPTS_H_INCLUDED */
