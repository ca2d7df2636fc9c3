
/* What operators and load balancers ask. */


#ifndef NGX_HTTP_OPSCOM_STATUS_H_INCLUDED
#define NGX_HTTP_OPSCOM_STATUS_H_INCLUDED


#include "ngx_http_opscom_module.h"


/* Content handlers: the counters, as JSON or for Prometheus ... */
ngx_int_t ngx_http_opscom_status_handler(ngx_http_request_t *r);

/* ... and whether Redis answers this worker. */
ngx_int_t ngx_http_opscom_health_handler(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_STATUS_H_INCLUDED */
