
/* An outage of one connection, from its beginning to its end. */


#include "ngx_opscom_outage.h"


static void ngx_opscom_outage_start(ngx_opscom_outage_t *outage,
    ngx_msec_t retry);


void
ngx_opscom_outage_begin(ngx_opscom_outage_t *outage,
    ngx_opscom_account_t *account, ngx_msec_t retry, ngx_log_t *log,
    ngx_str_t *name, u_char *why, ngx_err_t err)
{
    if (outage->kind == NGX_OPSCOM_OUTAGE_LOST) {
        return;
    }

    /* without refusals for so long they may be over: this is another outage */

    if (outage->kind == NGX_OPSCOM_OUTAGE_NONE
        || ngx_current_msec - outage->refused > retry)
    {
        ngx_opscom_outage_start(outage, retry);
    }

    outage->kind = NGX_OPSCOM_OUTAGE_LOST;

    (void) ngx_atomic_fetch_add(&account->gauges->down, 1);

    ngx_log_error(NGX_LOG_ERR, log, err, "opscom: redis %V is unavailable: %s",
                  name, why);
}


void
ngx_opscom_outage_refused(ngx_opscom_outage_t *outage, ngx_msec_t retry)
{
    outage->refused = ngx_current_msec;

    if (outage->kind != NGX_OPSCOM_OUTAGE_NONE) {
        return;
    }

    ngx_opscom_outage_start(outage, retry);
    outage->kind = NGX_OPSCOM_OUTAGE_REFUSED;
}


static void
ngx_opscom_outage_start(ngx_opscom_outage_t *outage, ngx_msec_t retry)
{
    outage->since = ngx_current_msec;
    outage->until = ngx_current_msec + retry;
    outage->ended = 0;
}


void
ngx_opscom_outage_lasts(ngx_opscom_outage_t *outage)
{
    if (ngx_opscom_outage_may_wait(outage)) {
        outage->until = ngx_current_msec;
    }
}


ngx_int_t
ngx_opscom_outage_may_wait(ngx_opscom_outage_t *outage)
{
    return outage->kind == NGX_OPSCOM_OUTAGE_NONE
           || (ngx_msec_int_t) (outage->until - ngx_current_msec) > 0;
}


void
ngx_opscom_outage_connected(ngx_opscom_outage_t *outage,
    ngx_opscom_account_t *account, ngx_log_t *log, ngx_str_t *name)
{
    if (outage->kind != NGX_OPSCOM_OUTAGE_LOST) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, log, 0,
                  "opscom: redis %V is back after %M ms,"
                  " %ui requests were refused",
                  name, ngx_current_msec - outage->since, outage->ended);

    ngx_opscom_outage_forget(outage, account);
}


void
ngx_opscom_outage_written(ngx_opscom_outage_t *outage)
{
    if (outage->kind == NGX_OPSCOM_OUTAGE_REFUSED) {
        outage->kind = NGX_OPSCOM_OUTAGE_NONE;
    }
}


void
ngx_opscom_outage_forget(ngx_opscom_outage_t *outage,
    ngx_opscom_account_t *account)
{
    if (outage->kind == NGX_OPSCOM_OUTAGE_LOST) {
        (void) ngx_atomic_fetch_add(&account->gauges->down, -1);
    }

    outage->kind = NGX_OPSCOM_OUTAGE_NONE;
}
