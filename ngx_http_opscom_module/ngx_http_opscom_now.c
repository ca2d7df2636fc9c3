
/* The current time as text. */


#include "ngx_http_opscom_now.h"


/* nginx's cached times lack milliseconds; the rest is made once a second. */

time_t
ngx_http_opscom_now(ngx_str_t *text)
{
    u_char        *ms;
    ngx_tm_t       tm;
    ngx_time_t    *tp;
    static u_char  now[NGX_HTTP_OPSCOM_NOW_LEN];
    static time_t  second = -1;

    tp = ngx_timeofday();

    if (tp->sec != second) {
        second = tp->sec;
        ngx_gmtime(second, &tm);

        ngx_sprintf(now, "%4d-%02d-%02dT%02d:%02d:%02d.000Z", tm.ngx_tm_year,
                    tm.ngx_tm_mon, tm.ngx_tm_mday, tm.ngx_tm_hour,
                    tm.ngx_tm_min, tm.ngx_tm_sec);
    }

    ms = now + NGX_HTTP_OPSCOM_NOW_LEN - sizeof("000Z") + 1;

    ms[0] = (u_char) ('0' + tp->msec / 100);
    ms[1] = (u_char) ('0' + tp->msec / 10 % 10);
    ms[2] = (u_char) ('0' + tp->msec % 10);

    text->data = now;
    text->len = NGX_HTTP_OPSCOM_NOW_LEN;

    return second;
}
