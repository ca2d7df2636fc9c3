
/*
 * Every byte that goes out: successes, errors, and nginx's own errors turned
 * into JSON.
 */


#ifndef NGX_HTTP_OPSCOM_ANSWER_H_INCLUDED
#define NGX_HTTP_OPSCOM_ANSWER_H_INCLUDED


#include "ngx_http_opscom_errors.h"
#include "ngx_http_opscom_module.h"


/*
 * Answer the request and return what ngx_http_finalize_request() takes.  The
 * body of the request may still be on its way: it is read and dropped.
 */

/* 200 with ctx->reference_id. */
ngx_int_t ngx_http_opscom_answer_success(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx);

/* An error of the table. */
ngx_int_t ngx_http_opscom_answer_error(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id);

/* 405, with what is allowed. */
ngx_int_t ngx_http_opscom_answer_not_allowed(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx, ngx_str_t *allow);

/* The answer to a preflight request. */
ngx_int_t ngx_http_opscom_answer_preflight(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx);

/* 200 with any text. */
ngx_int_t ngx_http_opscom_answer_text(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_str_t *type, ngx_str_t *body);


/* Adds a header to the answer; the texts must outlive the request. */
ngx_int_t ngx_http_opscom_add_header(
    ngx_http_request_t *r, ngx_str_t *name, ngx_str_t *value);

/* Makes the answer's headers of a body that is JSON, of this length. */
void ngx_http_opscom_json_headers(ngx_http_request_t *r, size_t len);


/* Installs the filters that every answer of a location passes. */
ngx_int_t ngx_http_opscom_filter_init(ngx_conf_t *cf);


/* ngx_http_opscom_cors.c: the headers that a browser needs. */

ngx_int_t ngx_http_opscom_cors_headers(
    ngx_http_request_t *r, ngx_http_opscom_loc_conf_t *olcf);
ngx_int_t ngx_http_opscom_cors_preflight(
    ngx_http_request_t *r, ngx_http_opscom_loc_conf_t *olcf);

/* A request header by its name in lower case, or NULL; twice: the first. */
ngx_table_elt_t *ngx_http_opscom_find_header(
    ngx_http_request_t *r, ngx_str_t *name, ngx_uint_t *count);


#endif /* NGX_HTTP_OPSCOM_ANSWER_H_INCLUDED */
