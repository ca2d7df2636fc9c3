
/* From a validated lookup to its script in Redis, and back with permits. */


#ifndef NGX_HTTP_OPSCOM_LOOKUP_H_INCLUDED
#define NGX_HTTP_OPSCOM_LOOKUP_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"


/* ngx_http_opscom_execute_pt of a lookup. */
ngx_int_t ngx_http_opscom_lookup(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);


#endif /* NGX_HTTP_OPSCOM_LOOKUP_H_INCLUDED */
