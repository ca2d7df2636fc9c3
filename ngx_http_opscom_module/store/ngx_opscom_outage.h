
/*
 * An outage of one connection: since when, how long calls may wait for its end,
 * and its log messages, one at its beginning and one at its end.
 */


#ifndef NGX_OPSCOM_OUTAGE_H_INCLUDED
#define NGX_OPSCOM_OUTAGE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_account.h"


typedef enum {
    NGX_OPSCOM_OUTAGE_NONE,
    NGX_OPSCOM_OUTAGE_LOST,   /* ends with a connection */
    NGX_OPSCOM_OUTAGE_REFUSED /* ends with a write */
} ngx_opscom_outage_kind_t;


typedef struct {
    ngx_opscom_outage_kind_t  kind;
    ngx_msec_t                since;
    ngx_msec_t                until;   /* calls may wait for its end */
    ngx_msec_t                refused; /* when Redis last refused */
    ngx_uint_t                ended;   /* calls that could not wait */
} ngx_opscom_outage_t;


/*
 * Begins an outage that calls may wait out for so many milliseconds, and logs
 * why; harmless while there is one.
 */
void ngx_opscom_outage_begin(ngx_opscom_outage_t *outage,
    ngx_opscom_account_t *account, ngx_msec_t retry, ngx_log_t *log,
    ngx_str_t *name, u_char *why, ngx_err_t err);

/*
 * Begins one, unless there is one, because Redis refuses for a temporary
 * reason; the refusal was logged.  Redis can be reached: it is not down.
 */
void ngx_opscom_outage_refused(ngx_opscom_outage_t *outage, ngx_msec_t retry);

/* From now on no call waits for its end. */
void ngx_opscom_outage_lasts(ngx_opscom_outage_t *outage);

/* Whether a call may wait now: no outage, or one that is short so far. */
ngx_int_t ngx_opscom_outage_may_wait(ngx_opscom_outage_t *outage);

/* There is a connection, and a write succeeded: ends what ends with that. */
void ngx_opscom_outage_connected(ngx_opscom_outage_t *outage,
    ngx_opscom_account_t *account, ngx_log_t *log, ngx_str_t *name);
void ngx_opscom_outage_written(ngx_opscom_outage_t *outage);

/* The connection is closed permanently: leaves the gauge, logs nothing. */
void ngx_opscom_outage_forget(ngx_opscom_outage_t *outage,
    ngx_opscom_account_t *account);


#endif /* NGX_OPSCOM_OUTAGE_H_INCLUDED */
