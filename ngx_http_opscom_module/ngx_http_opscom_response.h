
/* The responses of the module: successes and errors. */


#ifndef NGX_HTTP_OPSCOM_RESPONSE_H_INCLUDED
#define NGX_HTTP_OPSCOM_RESPONSE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_errors.h"


/*
 * These send a response and return what ngx_http_finalize_request() takes.  A
 * body that the client is still sending is read and dropped.
 */

/* 200 with ctx->reference_id; ctx->result says whether it is a replay. */
ngx_int_t ngx_http_opscom_response_success(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);

/* 200 with ctx->found. */
ngx_int_t ngx_http_opscom_response_found(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);

/* An error of the table; sets ctx->result and logs it at the level "info". */
ngx_int_t ngx_http_opscom_response_error(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id);

/*
 * Begins a request that may only be a GET or a HEAD.  NULL: there is no memory,
 * or it was answered 405; *rc is what the content handler returns.
 */
ngx_http_opscom_ctx_t *ngx_http_opscom_response_get(ngx_http_request_t *r,
    ngx_int_t *rc);

/* 204. */
ngx_int_t ngx_http_opscom_response_no_content(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);

/* 200 with a text of a type; the request has no body of interest. */
ngx_int_t ngx_http_opscom_response_text(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_str_t *type, ngx_str_t *body);


/*
 * Writes the JSON body of an error, from the request's pool; the status is
 * that of the response.  NGX_ERROR without memory.
 */
ngx_int_t ngx_http_opscom_response_error_body(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id,
    ngx_uint_t status, ngx_str_t *body);

/* Logs an error of the request, or of its element ctx, at the level "info". */
void ngx_http_opscom_response_log(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id);

/* Sets the headers of a JSON body of that length, whatever they were. */
void ngx_http_opscom_response_json(ngx_http_request_t *r, size_t len);

/* Sends a whole body to a body filter. */
ngx_int_t ngx_http_opscom_response_body(ngx_http_request_t *r,
    ngx_str_t *body, ngx_http_output_body_filter_pt output);


#endif /* NGX_HTTP_OPSCOM_RESPONSE_H_INCLUDED */
