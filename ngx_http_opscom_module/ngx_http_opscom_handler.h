
/* The content handler of the endpoints, up to the validated permit. */


#ifndef NGX_HTTP_OPSCOM_HANDLER_H_INCLUDED
#define NGX_HTTP_OPSCOM_HANDLER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Checks the request line and headers, reads and validates the body, and
 * executes the request as the location's endpoint does.
 */
ngx_int_t ngx_http_opscom_handler(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_HANDLER_H_INCLUDED */
