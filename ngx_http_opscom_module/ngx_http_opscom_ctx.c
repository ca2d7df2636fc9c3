
/* The state of a request. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_ctx.h"


ngx_http_opscom_ctx_t *
ngx_http_opscom_ctx_get(ngx_http_request_t *r)
{
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx) {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_opscom_ctx_t));

    if (ctx) {
        ctx->request = r;
        ngx_http_set_ctx(r, ctx, ngx_http_opscom_module);
    }

    return ctx;
}
