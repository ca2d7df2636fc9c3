
/* From a validated permit to a script in Redis, and back with a response. */


#ifndef NGX_HTTP_OPSCOM_WRITE_H_INCLUDED
#define NGX_HTTP_OPSCOM_WRITE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"


/* ngx_http_opscom_execute_pt of a push, an update and a delete. */
ngx_int_t ngx_http_opscom_write(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);


#endif /* NGX_HTTP_OPSCOM_WRITE_H_INCLUDED */
