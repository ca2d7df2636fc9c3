
/* $opscom_client and the like. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_variables.h"

#include "permit/permit_attributes.h"


static ngx_int_t ngx_http_opscom_variables_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_opscom_variables_reference(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_opscom_variables_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_opscom_variables_attributes(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_opscom_variables_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static void ngx_http_opscom_variables_set(ngx_http_variable_value_t *v,
    u_char *data, size_t len);


static ngx_http_variable_t  ngx_http_opscom_variables[] = {

    { ngx_string("opscom_client"), NULL,
      ngx_http_opscom_variables_text,
      offsetof(ngx_http_opscom_ctx_t, client),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("opscom_reference_id"), NULL,
      ngx_http_opscom_variables_reference, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("opscom_result"), NULL,
      ngx_http_opscom_variables_result, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("opscom_error_attributes"), NULL,
      ngx_http_opscom_variables_attributes, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("opscom_store_time"), NULL,
      ngx_http_opscom_variables_time, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("opscom_token_label"), NULL,
      ngx_http_opscom_variables_text,
      offsetof(ngx_http_opscom_ctx_t, written.label),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    ngx_http_null_variable
};


ngx_int_t
ngx_http_opscom_variables_init(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_opscom_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_variables_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              *text;
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx == NULL) {
        ngx_http_opscom_variables_set(v, NULL, 0);
        return NGX_OK;
    }

    text = (ngx_str_t *) ((char *) ctx + data);
    ngx_http_opscom_variables_set(v, text->data, text->len);

    return NGX_OK;
}


/* Set only after a success. */

static ngx_int_t
ngx_http_opscom_variables_reference(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx && (ctx->result == NGX_HTTP_OPSCOM_RESULT_SUCCESS
                || ctx->result == NGX_HTTP_OPSCOM_RESULT_REPLAYED))
    {
        ngx_http_opscom_variables_set(v, ctx->reference_id.data,
                                      ctx->reference_id.len);
        return NGX_OK;
    }

    ngx_http_opscom_variables_set(v, NULL, 0);

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_variables_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t               name;
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx == NULL) {
        ngx_http_opscom_variables_set(v, NULL, 0);
        return NGX_OK;
    }

    name = ngx_http_opscom_endpoint_request_result(ctx->endpoint, ctx->result);
    ngx_http_opscom_variables_set(v, name.data, name.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_variables_attributes(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t                  size;
    u_char                 *p, *start;
    ngx_uint_t              id;
    const permit_text_t    *name;
    ngx_http_opscom_ctx_t  *ctx;

    ngx_http_opscom_variables_set(v, NULL, 0);

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx == NULL
        || ctx->result != NGX_HTTP_OPSCOM_RESULT_ERROR
                          + NGX_HTTP_OPSCOM_VALIDATION_FAILED)
    {
        return NGX_OK;
    }

    size = 0;

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {
        size += permit_attributes_name(&ctx->permit, id)->len + 1;
    }

    start = ngx_pnalloc(r->pool, size);
    if (start == NULL) {
        return NGX_ERROR;
    }

    p = start;

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {

        if (ctx->permit.code[id] == PERMIT_GOOD) {
            continue;
        }

        if (p > start) {
            *p++ = ',';
        }

        name = permit_attributes_name(&ctx->permit, id);
        p = ngx_cpymem(p, name->data, name->len);
    }

    ngx_http_opscom_variables_set(v, start, p - start);

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_variables_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                 *p, *last;
    uint64_t                us, ms;
    ngx_http_opscom_ctx_t  *ctx;

    ngx_http_opscom_variables_set(v, NULL, 0);

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx == NULL || !ctx->sent) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN + sizeof(".000"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    us = ctx->store_time;

    if (us == 0) {

        /* the client did not wait for the answer */

        us = ngx_http_opscom_metrics_clock() - ctx->sent_at;
    }

    ms = us / 1000;

    last = ngx_sprintf(p, "%uL.%03uL", ms / 1000, ms % 1000);

    ngx_http_opscom_variables_set(v, p, last - p);

    return NGX_OK;
}


static void
ngx_http_opscom_variables_set(ngx_http_variable_value_t *v, u_char *data,
    size_t len)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = data ? data : (u_char *) "";
    v->len = len;
}
