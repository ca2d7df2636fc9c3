
/* What a store counts, and what it reports once. */


#include "ngx_opscom_account.h"
#include "ngx_opscom_text.h"


/* A cluster without refusals for this long serves all slots. */

#define NGX_OPSCOM_ACCOUNT_SERVED 1000 /* ms */


static ngx_opscom_refusal_t ngx_opscom_account_phrase(ngx_str_t *text);
static ngx_opscom_refusal_t ngx_opscom_account_word(u_char *p, u_char *last);
static void ngx_opscom_account_over(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals, ngx_log_t *log, ngx_str_t *name);


const ngx_str_t  ngx_opscom_account_refusal_names[NGX_OPSCOM_REFUSALS] = {
    [NGX_OPSCOM_REFUSAL_OOM] = ngx_string("OOM"),
    [NGX_OPSCOM_REFUSAL_READONLY] = ngx_string("READONLY"),
    [NGX_OPSCOM_REFUSAL_MISCONF] = ngx_string("MISCONF"),
    [NGX_OPSCOM_REFUSAL_NOREPLICAS] = ngx_string("NOREPLICAS"),
    [NGX_OPSCOM_REFUSAL_LOADING] = ngx_string("LOADING"),
    [NGX_OPSCOM_REFUSAL_MASTERDOWN] = ngx_string("MASTERDOWN"),
    [NGX_OPSCOM_REFUSAL_CLUSTERDOWN] = ngx_string("CLUSTERDOWN"),
    [NGX_OPSCOM_REFUSAL_NOAUTH] = ngx_string("NOAUTH"),
    [NGX_OPSCOM_REFUSAL_NOPERM] = ngx_string("NOPERM"),
    [NGX_OPSCOM_REFUSAL_WRONGTYPE] = ngx_string("WRONGTYPE"),
    [NGX_OPSCOM_REFUSAL_OTHER] = ngx_string("other"),
};


/* What Redis says to a script that may not go on. */

static char  *ngx_opscom_account_down[] = {
    "while the cluster is down",
    NULL
};

static char  *ngx_opscom_account_forbidden[] = { /* by its ACL */
    "script can't run this command",     /* up to Redis 7.0 */
    "script can't access at least one",
    "ACL failure in script",             /* Redis 7.2, Valkey */
    NULL
};


/* For stores without counters in shared memory. */

static ngx_opscom_gauges_t    ngx_opscom_account_no_gauges;
static ngx_opscom_counters_t  ngx_opscom_account_no_counters;


void
ngx_opscom_account_init(ngx_opscom_account_t *account)
{
    account->gauges = &ngx_opscom_account_no_gauges;
    account->counters = &ngx_opscom_account_no_counters;
}


void
ngx_opscom_account_enter(ngx_opscom_account_t *account)
{
    account->calls++;
    (void) ngx_atomic_fetch_add(&account->gauges->inflight, 1);
}


void
ngx_opscom_account_leave(ngx_opscom_account_t *account)
{
    account->calls--;
    (void) ngx_atomic_fetch_add(&account->gauges->inflight, -1);
}


ngx_opscom_refusal_t
ngx_opscom_account_reason(ngx_str_t *text)
{
    u_char                *p, *last;
    ngx_opscom_refusal_t   reason;

    p = text->data;
    last = p + text->len;

    for ( ;; ) {

        if (p < last && *p == '-') {
            p++;
        }

        reason = ngx_opscom_account_word(p, last);

        if (reason != NGX_OPSCOM_REFUSAL_OTHER) {
            return reason;
        }

        p = ngx_strlchr(p, last, ':');

        if (p == NULL) {
            return ngx_opscom_account_phrase(text);
        }

        p++;

        if (p < last && *p == ' ') {
            p++;
        }
    }
}


static ngx_opscom_refusal_t
ngx_opscom_account_word(u_char *p, u_char *last)
{
    size_t      len, left;
    ngx_uint_t  i;

    left = last - p;

    for (i = 0; i < NGX_OPSCOM_REFUSAL_OTHER; i++) {
        len = ngx_opscom_account_refusal_names[i].len;

        if (left >= len
            && ngx_memcmp(p, ngx_opscom_account_refusal_names[i].data, len) == 0
            && (left == len || p[len] <= ' '))
        {
            break;
        }
    }

    return (ngx_opscom_refusal_t) i;
}


static ngx_opscom_refusal_t
ngx_opscom_account_phrase(ngx_str_t *text)
{
    if (ngx_opscom_text_has_any(text, ngx_opscom_account_forbidden)) {
        return NGX_OPSCOM_REFUSAL_NOPERM;
    }

    if (ngx_opscom_text_has_any(text, ngx_opscom_account_down)) {
        return NGX_OPSCOM_REFUSAL_CLUSTERDOWN;
    }

    return NGX_OPSCOM_REFUSAL_OTHER;
}


void
ngx_opscom_account_refusal(ngx_opscom_account_t *account, ngx_str_t *text)
{
    ngx_opscom_refusal_t  reason;

    reason = ngx_opscom_account_reason(text);

    (void) ngx_atomic_fetch_add(&account->counters->refusals[reason], 1);
}


void
ngx_opscom_account_refused(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals, ngx_log_t *log, ngx_str_t *name,
    ngx_str_t *text)
{
    size_t      len;
    u_char      shown[NGX_OPSCOM_TEXT_SHOWN];
    ngx_uint_t  bit;

    ngx_opscom_account_refusal(account, text);

    if (refusals->reasons == 0) {
        refusals->since = ngx_current_msec;
        refusals->count = 0;

        (void) ngx_atomic_fetch_add(&account->gauges->refusing, 1);
    }

    refusals->count++;
    refusals->last = ngx_current_msec;

    bit = (ngx_uint_t) 1 << ngx_opscom_account_reason(text);

    if (refusals->reasons & bit) {
        return;
    }

    refusals->reasons |= bit;

    len = ngx_opscom_text_show(shown, sizeof(shown), text);

    ngx_log_error(NGX_LOG_ERR, log, 0, "opscom: redis %V refuses: %*s",
                  name, len, shown);
}


void
ngx_opscom_account_accepted(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals, ngx_log_t *log, ngx_str_t *name)
{
    if (refusals->reasons) {
        ngx_opscom_account_over(account, refusals, log, name);
    }

    if (account->unserved.reasons
        && ngx_current_msec - account->unserved.last
           > NGX_OPSCOM_ACCOUNT_SERVED)
    {
        ngx_opscom_account_over(account, &account->unserved, log, name);
    }
}


static void
ngx_opscom_account_over(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals, ngx_log_t *log, ngx_str_t *name)
{
    ngx_log_error(NGX_LOG_ERR, log, 0,
                  "opscom: redis %V accepts again after %M ms,"
                  " %ui requests were refused",
                  name, ngx_current_msec - refusals->since, refusals->count);

    ngx_opscom_account_forget(account, refusals);
}


void
ngx_opscom_account_forget(ngx_opscom_account_t *account,
    ngx_opscom_refusals_t *refusals)
{
    if (refusals->reasons == 0) {
        return;
    }

    refusals->reasons = 0;

    (void) ngx_atomic_fetch_add(&account->gauges->refusing, -1);
}
