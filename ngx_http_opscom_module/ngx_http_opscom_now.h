
/* The current time as text. */


#ifndef NGX_HTTP_OPSCOM_NOW_H_INCLUDED
#define NGX_HTTP_OPSCOM_NOW_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_OPSCOM_NOW_LEN (sizeof("1970-01-01T00:00:00.000Z") - 1)


/*
 * nginx's cached time in UTC, in NGX_HTTP_OPSCOM_NOW_LEN bytes that live until
 * the next call; returns its seconds.
 */
time_t ngx_http_opscom_now(ngx_str_t *text);


#endif /* NGX_HTTP_OPSCOM_NOW_H_INCLUDED */
