
/* The content handler of opscom_status. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_response.h"
#include "ngx_http_opscom_status.h"
#include "ngx_http_opscom_status_json.h"
#include "ngx_http_opscom_status_text.h"
#include "ngx_http_opscom_status_walk.h"


#define NGX_HTTP_OPSCOM_STATUS_SIZE 16384


static const ngx_http_opscom_emitter_t *ngx_http_opscom_status_emitters[] = {
    [NGX_HTTP_OPSCOM_STATUS_JSON] = &ngx_http_opscom_status_json,
    [NGX_HTTP_OPSCOM_STATUS_PROMETHEUS] = &ngx_http_opscom_status_text,
};


ngx_int_t
ngx_http_opscom_status_handler(ngx_http_request_t *r)
{
    ngx_str_t                         body, type;
    ngx_http_opscom_ctx_t            *ctx;
    ngx_http_opscom_output_t          out;
    ngx_http_opscom_loc_conf_t       *olcf;
    const ngx_http_opscom_emitter_t  *emitter;
    static ngx_str_t                  allow = ngx_string("GET, HEAD");

    ctx = ngx_http_opscom_ctx_get(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_opscom_response_not_allowed(r, ctx, &allow);
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);
    emitter = ngx_http_opscom_status_emitters[olcf->status_format];

    ngx_memzero(&out, sizeof(ngx_http_opscom_output_t));
    ngx_http_opscom_json_init(&out.json, r->pool, NGX_HTTP_OPSCOM_STATUS_SIZE);

    ngx_http_opscom_status_walk(&out, emitter,
                                ngx_http_opscom_conf_metrics(r));

    if (ngx_http_opscom_text_end(&out.json.text, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    type = emitter->type;

    return ngx_http_opscom_response_text(r, ctx, &type, &body);
}
