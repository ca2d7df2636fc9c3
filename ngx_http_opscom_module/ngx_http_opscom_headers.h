
/* Request and response headers by name. */


#ifndef NGX_HTTP_OPSCOM_HEADERS_H_INCLUDED
#define NGX_HTTP_OPSCOM_HEADERS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * A request header by its name in lower case, the first one if it is repeated,
 * or NULL; count is how many there are.
 */
ngx_table_elt_t *ngx_http_opscom_headers_find(ngx_http_request_t *r,
    ngx_str_t *name, ngx_uint_t *count);

/* Whether the response has a header of that name, in any case. */
ngx_uint_t ngx_http_opscom_headers_has(ngx_http_request_t *r,
    ngx_str_t *name);

/*
 * Adds a header to the response; both texts must outlive the request.
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_http_opscom_headers_add(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value);


#endif /* NGX_HTTP_OPSCOM_HEADERS_H_INCLUDED */
