
/* Attempts to connect: which address is tried, and when. */


#include "ngx_opscom_attempts.h"
#include "ngx_opscom_backoff.h"


/* While calls wait, a pause is at most this part of opscom_redis_retry. */

#define NGX_OPSCOM_ATTEMPTS_PART 20


static ngx_opscom_address_t *ngx_opscom_attempts_address(
    ngx_opscom_attempts_t *attempts);


void
ngx_opscom_attempts_init(ngx_opscom_attempts_t *attempts,
    ngx_array_t *addresses, ngx_event_handler_pt handler, void *data,
    ngx_log_t *log)
{
    attempts->addresses = addresses;

    attempts->backoff.handler = handler;
    attempts->backoff.data = data;
    attempts->backoff.log = log;
    attempts->backoff.cancelable = 1;
}


ngx_opscom_address_t *
ngx_opscom_attempts_begin(ngx_opscom_attempts_t *attempts)
{
    attempts->tried = 1;

    return ngx_opscom_attempts_address(attempts);
}


ngx_opscom_address_t *
ngx_opscom_attempts_next(ngx_opscom_attempts_t *attempts)
{
    if (attempts->tried >= attempts->addresses->nelts) {
        return NULL;
    }

    attempts->tried++;
    ngx_opscom_attempts_skip(attempts);

    return ngx_opscom_attempts_address(attempts);
}


static ngx_opscom_address_t *
ngx_opscom_attempts_address(ngx_opscom_attempts_t *attempts)
{
    ngx_opscom_address_t  *addresses;

    addresses = attempts->addresses->elts;

    return &addresses[attempts->first];
}


void
ngx_opscom_attempts_skip(ngx_opscom_attempts_t *attempts)
{
    attempts->first = (attempts->first + 1) % attempts->addresses->nelts;
}


void
ngx_opscom_attempts_back_off(ngx_opscom_attempts_t *attempts,
    ngx_msec_t awaited)
{
    ngx_msec_t  most;

    most = NGX_OPSCOM_BACKOFF_MOST;

    if (awaited) {
        most = ngx_min(most, awaited / NGX_OPSCOM_ATTEMPTS_PART);
        most = ngx_max(most, NGX_OPSCOM_BACKOFF_FIRST);
    }

    ngx_add_timer(&attempts->backoff,
                  ngx_opscom_backoff(attempts->failures, most));
}


void
ngx_opscom_attempts_close(ngx_opscom_attempts_t *attempts)
{
    if (attempts->backoff.timer_set) {
        ngx_del_timer(&attempts->backoff);
    }
}
