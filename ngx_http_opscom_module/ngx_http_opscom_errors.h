
/*
 * The errors of the API: for each its HTTP status, its stable code and the
 * documented OPS-COM pair of ErrorCode and ErrorMessage.  docs/api.md has the
 * same table; a test compares them.
 */


#ifndef NGX_HTTP_OPSCOM_ERRORS_H_INCLUDED
#define NGX_HTTP_OPSCOM_ERRORS_H_INCLUDED


#include "ngx_http_opscom_module.h"


typedef enum {
    NGX_HTTP_OPSCOM_MALFORMED_JSON,
    NGX_HTTP_OPSCOM_NOT_AN_OBJECT,
    NGX_HTTP_OPSCOM_BAD_REQUEST,
    NGX_HTTP_OPSCOM_TOKEN_MISSING,
    NGX_HTTP_OPSCOM_TOKEN_REFUSED,
    NGX_HTTP_OPSCOM_CLIENT_MISSING,
    NGX_HTTP_OPSCOM_RECORD_NOT_FOUND,
    NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED,
    NGX_HTTP_OPSCOM_TIMEOUT,
    NGX_HTTP_OPSCOM_TOO_LARGE,
    NGX_HTTP_OPSCOM_MEDIA_TYPE,
    NGX_HTTP_OPSCOM_VALIDATION_FAILED,
    NGX_HTTP_OPSCOM_IDEMPOTENCY_REUSED,
    NGX_HTTP_OPSCOM_TOO_MANY_REQUESTS,
    NGX_HTTP_OPSCOM_INTERNAL_ERROR,
    NGX_HTTP_OPSCOM_STORE_UNAVAILABLE,
    NGX_HTTP_OPSCOM_SERVICE_UNAVAILABLE,
    NGX_HTTP_OPSCOM_STORE_TIMEOUT,
    NGX_HTTP_OPSCOM_HTTP_ERROR, /* any other status of nginx's own */
    NGX_HTTP_OPSCOM_ERRORS
} ngx_http_opscom_error_id_t;


typedef struct {
    ngx_uint_t status; /* 0: any */
    ngx_str_t  code;
    ngx_uint_t number;  /* ErrorCode; 0: the status */
    ngx_str_t  message; /* ErrorMessage */
} ngx_http_opscom_error_t;


extern const ngx_http_opscom_error_t
    ngx_http_opscom_errors[NGX_HTTP_OPSCOM_ERRORS];


/* The error that stands for a status of nginx's own. */
ngx_http_opscom_error_id_t ngx_http_opscom_error_of_status(ngx_uint_t status);

/*
 * Writes the JSON body of an error, from the request's pool; status is for
 * NGX_HTTP_OPSCOM_HTTP_ERROR.  NGX_ERROR without memory.
 */
ngx_int_t ngx_http_opscom_error_body(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_error_id_t id,
    ngx_uint_t status, ngx_str_t *body);


#endif /* NGX_HTTP_OPSCOM_ERRORS_H_INCLUDED */
