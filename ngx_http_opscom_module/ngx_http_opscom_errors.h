
/*
 * The errors of the API as two tables: for each error its HTTP status, its
 * stable code and the documented pair of ErrorCode and ErrorMessage, and the
 * pairs of single attributes.  docs/api.md has the same tables; a test
 * compares them.
 */


#ifndef NGX_HTTP_OPSCOM_ERRORS_H_INCLUDED
#define NGX_HTTP_OPSCOM_ERRORS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "permit/permit.h"


typedef enum {
    NGX_HTTP_OPSCOM_NO_ERROR,
    NGX_HTTP_OPSCOM_MALFORMED_JSON,
    NGX_HTTP_OPSCOM_NOT_AN_OBJECT,
    NGX_HTTP_OPSCOM_NOT_AN_ARRAY,
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
    NGX_HTTP_OPSCOM_ERRORS      /* how many */
} ngx_http_opscom_error_id_t;


typedef struct {
    ngx_uint_t  status; /* 0: any */
    ngx_str_t   code;
    ngx_uint_t  number;  /* ErrorCode; 0: the status */
    ngx_str_t   message; /* ErrorMessage */
    ngx_uint_t  nginx;   /* 1: also stands for nginx's own response */
} ngx_http_opscom_error_t;


/* The documented pair for an attribute. */

typedef struct {
    ngx_uint_t  codes;      /* bits 1 << permit_code_t */
    ngx_uint_t  attributes; /* bits 1 << permit_id_t */
    ngx_uint_t  number;
    ngx_str_t   message;
} ngx_http_opscom_error_pair_t;


extern const ngx_http_opscom_error_t
    ngx_http_opscom_errors[NGX_HTTP_OPSCOM_ERRORS];


/* The error that stands for a status of nginx's own. */
ngx_http_opscom_error_id_t ngx_http_opscom_errors_find(ngx_uint_t status);

/* The pair for what is wrong with an attribute; never NULL. */
const ngx_http_opscom_error_pair_t *ngx_http_opscom_errors_pair(
    permit_id_t id, permit_code_t code);


#endif /* NGX_HTTP_OPSCOM_ERRORS_H_INCLUDED */
