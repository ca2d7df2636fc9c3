
/* Cross-origin requests, by the Fetch standard, section 3.2. */


#ifndef NGX_HTTP_OPSCOM_CORS_H_INCLUDED
#define NGX_HTTP_OPSCOM_CORS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Add the headers of any response, and those of the response to a preflight
 * request.  The origins are of ngx_str_t, at least one.  NGX_ERROR without
 * memory.
 */
ngx_int_t ngx_http_opscom_cors_headers(ngx_http_request_t *r,
    ngx_array_t *origins);
ngx_int_t ngx_http_opscom_cors_preflight(ngx_http_request_t *r,
    ngx_array_t *origins);

/*
 * Whether a configured value can be what a browser sends as Origin:
 * scheme://host[:port], in lower case.  The text ends with a zero byte.
 */
ngx_uint_t ngx_http_opscom_cors_is_origin(ngx_str_t *text);


#endif /* NGX_HTTP_OPSCOM_CORS_H_INCLUDED */
