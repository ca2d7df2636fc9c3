
/* How long to wait before the next attempt to connect. */


#ifndef NGX_OPSCOM_BACKOFF_H_INCLUDED
#define NGX_OPSCOM_BACKOFF_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_OPSCOM_BACKOFF_FIRST 50 /* ms */
#define NGX_OPSCOM_BACKOFF_MOST  2000


/*
 * The pause after so many failures in a row (1 or more): 50 ms, doubling up to
 * "most", less up to a quarter at random: workers that lost Redis together must
 * not return together.
 */
ngx_msec_t ngx_opscom_backoff(ngx_uint_t failures, ngx_msec_t most);


#endif /* NGX_OPSCOM_BACKOFF_H_INCLUDED */
