
/* The content handler of opscom_status. */


#ifndef NGX_HTTP_OPSCOM_STATUS_H_INCLUDED
#define NGX_HTTP_OPSCOM_STATUS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* The metrics, as JSON, for Prometheus or as a page. */
ngx_int_t ngx_http_opscom_status_handler(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_STATUS_H_INCLUDED */
