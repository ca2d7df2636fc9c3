
/* The content handler of opscom_status. */


#include "ngx_http_opscom_accept.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_headers.h"
#include "ngx_http_opscom_page.h"
#include "ngx_http_opscom_response.h"
#include "ngx_http_opscom_status.h"
#include "ngx_http_opscom_status_json.h"
#include "ngx_http_opscom_status_text.h"
#include "ngx_http_opscom_status_walk.h"


#define NGX_HTTP_OPSCOM_STATUS_SIZE 16384


static ngx_int_t ngx_http_opscom_status_format(ngx_http_request_t *r,
    ngx_http_opscom_status_format_t *format);
static ngx_int_t ngx_http_opscom_status_body(ngx_http_request_t *r,
    ngx_http_opscom_status_format_t format, ngx_str_t *type, ngx_str_t *body);


/* The page has the metrics as JSON, and asks for them so. */

static const ngx_http_opscom_emitter_t
    *ngx_http_opscom_status_emitters[NGX_HTTP_OPSCOM_STATUS_FORMATS] = {
    [NGX_HTTP_OPSCOM_STATUS_JSON] = &ngx_http_opscom_status_json,
    [NGX_HTTP_OPSCOM_STATUS_PROMETHEUS] = &ngx_http_opscom_status_text,
    [NGX_HTTP_OPSCOM_STATUS_HTML] = &ngx_http_opscom_status_json,
};


ngx_int_t
ngx_http_opscom_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_str_t                         body, type;
    ngx_http_opscom_ctx_t            *ctx;
    ngx_http_opscom_status_format_t   format;

    ctx = ngx_http_opscom_response_get(r, &rc);
    if (ctx == NULL) {
        return rc;
    }

    if (ngx_http_opscom_status_format(r, &format) != NGX_OK
        || ngx_http_opscom_status_body(r, format, &type, &body) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_opscom_response_text(r, ctx, &type, &body);
}


static ngx_int_t
ngx_http_opscom_status_format(ngx_http_request_t *r,
    ngx_http_opscom_status_format_t *format)
{
    static ngx_str_t             vary = ngx_string("Vary");
    static ngx_str_t             accept = ngx_string("Accept");
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    if (olcf->status_format != NGX_HTTP_OPSCOM_STATUS_ANY) {
        *format = olcf->status_format;
        return NGX_OK;
    }

    *format = ngx_http_opscom_accept(r);

    return ngx_http_opscom_headers_add(r, &vary, &accept);
}


static ngx_int_t
ngx_http_opscom_status_body(ngx_http_request_t *r,
    ngx_http_opscom_status_format_t format, ngx_str_t *type, ngx_str_t *body)
{
    ngx_str_t                         text;
    ngx_http_opscom_output_t          out;
    const ngx_http_opscom_emitter_t  *emitter;

    emitter = ngx_http_opscom_status_emitters[format];

    ngx_memzero(&out, sizeof(ngx_http_opscom_output_t));
    ngx_http_opscom_json_init(&out.json, r->pool, NGX_HTTP_OPSCOM_STATUS_SIZE);

    ngx_http_opscom_status_walk(&out, emitter,
                                ngx_http_opscom_conf_metrics(r));

    *type = emitter->type;

    if (format != NGX_HTTP_OPSCOM_STATUS_HTML) {
        return ngx_http_opscom_text_end(&out.json.text, body);
    }

    if (ngx_http_opscom_text_end(&out.json.text, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_set(type, "text/html; charset=utf-8");

    return ngx_http_opscom_page(r, &text, body);
}
