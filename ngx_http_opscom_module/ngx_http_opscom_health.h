
/* The content handler of opscom_health. */


#ifndef NGX_HTTP_OPSCOM_HEALTH_H_INCLUDED
#define NGX_HTTP_OPSCOM_HEALTH_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* 200 when Redis answers this worker's PING, else 503. */
ngx_int_t ngx_http_opscom_health_handler(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_HEALTH_H_INCLUDED */
