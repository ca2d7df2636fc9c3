
/* The JSON objects of results: of requests, and of elements of a bulk. */


#ifndef NGX_HTTP_OPSCOM_RESULT_JSON_H_INCLUDED
#define NGX_HTTP_OPSCOM_RESULT_JSON_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_errors.h"
#include "ngx_http_opscom_json.h"


/* The size of a success without its reference ID, which is there twice. */
#define NGX_HTTP_OPSCOM_RESULT_JSON_SUCCESS                                   \
    (sizeof("{\"status\":\"success\",\"reference_id\":\"\","                  \
            "\"InternalReferenceID\":\"\"}") - 1)

/*
 * Append an object.  That of an element (ctx->element) has its index and its
 * status first, and no request ID.
 */

/* A success, with ctx->reference_id. */
void ngx_http_opscom_result_json_success(ngx_http_opscom_json_t *json,
    ngx_http_opscom_ctx_t *ctx);

/* An error of the table; the status is that of the response. */
void ngx_http_opscom_result_json_error(ngx_http_opscom_json_t *json,
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_error_id_t id, ngx_uint_t status);

/* $request_id; empty where there is none. */
ngx_str_t ngx_http_opscom_result_json_request_id(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_RESULT_JSON_H_INCLUDED */
