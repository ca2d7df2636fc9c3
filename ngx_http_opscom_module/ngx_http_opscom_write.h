
/* From a validated permit to a script in Redis, and back with a response. */


#ifndef NGX_HTTP_OPSCOM_WRITE_H_INCLUDED
#define NGX_HTTP_OPSCOM_WRITE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"


/* What a ngx_opscom_write_t points at, as long as the call is being made. */

typedef struct {
    u_char              digests[3 * NGX_OPSCOM_DIGEST_LEN];
    ngx_opscom_field_t  fields[PERMIT_FIELDS_MAX];
} ngx_http_opscom_write_space_t;


/* ngx_http_opscom_execute_pt of a push, an update and a delete. */
ngx_int_t ngx_http_opscom_write(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);

/*
 * Fills what is to be written with ctx's permit, and gives a new permit its
 * reference ID.  NGX_ERROR without a digest or random bytes.
 */
ngx_int_t ngx_http_opscom_write_permit(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_write_t *write,
    ngx_http_opscom_write_space_t *space);

/*
 * Sets ctx->result, and the reference ID of a success, from how ctx->call
 * ended and what ctx->written says; returns the error.
 */
ngx_http_opscom_error_id_t ngx_http_opscom_write_result(
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_outcome_t outcome);


#endif /* NGX_HTTP_OPSCOM_WRITE_H_INCLUDED */
