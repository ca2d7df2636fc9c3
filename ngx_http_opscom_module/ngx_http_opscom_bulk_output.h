
/*
 * The response of a bulk request: a JSON array that is sent in pieces, each of
 * which must have left the memory before the next one is written.
 */


#ifndef NGX_HTTP_OPSCOM_BULK_OUTPUT_H_INCLUDED
#define NGX_HTTP_OPSCOM_BULK_OUTPUT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"
#include "ngx_http_opscom_json.h"


typedef struct {
    ngx_http_request_t     *request;
    ngx_http_opscom_json_t  json;
    ngx_buf_t               buf;
    unsigned                begun:1;   /* the bracket is written */
    unsigned                blocked:1; /* the client has not taken all */
    unsigned                header_sent:1;
} ngx_http_opscom_bulk_output_t;


/*
 * Append the result of an element, and the end.  To be called only while
 * nothing is blocked.
 */
void ngx_http_opscom_bulk_output_result(ngx_http_opscom_bulk_output_t *output,
    ngx_http_opscom_ctx_t *ctx);
void ngx_http_opscom_bulk_output_end(ngx_http_opscom_bulk_output_t *output);

/* Whether what was appended is enough to be sent, or anything at all. */
ngx_uint_t ngx_http_opscom_bulk_output_is_full(
    ngx_http_opscom_bulk_output_t *output);
ngx_uint_t ngx_http_opscom_bulk_output_is_empty(
    ngx_http_opscom_bulk_output_t *output);

/*
 * Sends what was appended, the last piece with "last", and the header before
 * the first.  NGX_OK: it was taken.  NGX_AGAIN: an event will tell when,
 * within send_timeout.  Anything else is for ngx_http_finalize_request().
 */
ngx_int_t ngx_http_opscom_bulk_output_send(
    ngx_http_opscom_bulk_output_t *output, ngx_uint_t last);

/*
 * After that event: the same.  NGX_HTTP_REQUEST_TIME_OUT: the client does not
 * take it.
 */
ngx_int_t ngx_http_opscom_bulk_output_resume(
    ngx_http_opscom_bulk_output_t *output);


#endif /* NGX_HTTP_OPSCOM_BULK_OUTPUT_H_INCLUDED */
