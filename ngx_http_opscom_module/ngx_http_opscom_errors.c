
/* The tables of errors. */


#include "ngx_http_opscom_errors.h"


#define NGX_HTTP_OPSCOM_ANY ((ngx_uint_t) -1)

#define ngx_http_opscom_bit(n) ((ngx_uint_t) 1 << (n))


const ngx_http_opscom_error_t
    ngx_http_opscom_errors[NGX_HTTP_OPSCOM_ERRORS] = {

    [NGX_HTTP_OPSCOM_MALFORMED_JSON] = {
        400, ngx_string("malformed_json"),
        9003, ngx_string("Could not parse the request."), 0
    },

    [NGX_HTTP_OPSCOM_NOT_AN_OBJECT] = {
        400, ngx_string("not_an_object"),
        9003, ngx_string("Could not parse the request."), 0
    },

    [NGX_HTTP_OPSCOM_NOT_AN_ARRAY] = {
        400, ngx_string("not_an_array"),
        9003, ngx_string("Could not parse the request."), 0
    },

    [NGX_HTTP_OPSCOM_BAD_REQUEST] = {
        400, ngx_string("bad_request"),
        9003, ngx_string("Could not parse the request."), 1
    },

    [NGX_HTTP_OPSCOM_TOKEN_MISSING] = {
        401, ngx_string("unauthorized"),
        9001, ngx_string("API Token is missing from the request."), 0
    },

    [NGX_HTTP_OPSCOM_TOKEN_REFUSED] = {
        401, ngx_string("unauthorized"),
        9002, ngx_string("The supplied API token does not have permission to"
                         " perform that request."), 0
    },

    [NGX_HTTP_OPSCOM_CLIENT_MISSING] = {
        404, ngx_string("not_found"),
        9000, ngx_string("Client Code is missing from the request."), 0
    },

    [NGX_HTTP_OPSCOM_RECORD_NOT_FOUND] = {
        404, ngx_string("not_found"),
        9009, ngx_string("Record not found."), 0
    },

    [NGX_HTTP_OPSCOM_METHOD_NOT_ALLOWED] = {
        405, ngx_string("method_not_allowed"),
        0, ngx_string("The method is not allowed here: see the Allow"
                      " header."), 1
    },

    [NGX_HTTP_OPSCOM_TIMEOUT] = {
        408, ngx_string("request_timeout"),
        0, ngx_string("The request did not arrive in time."), 1
    },

    [NGX_HTTP_OPSCOM_TOO_LARGE] = {
        413, ngx_string("body_too_large"),
        0, ngx_string("The request body is too large."), 1
    },

    [NGX_HTTP_OPSCOM_MEDIA_TYPE] = {
        415, ngx_string("unsupported_media_type"),
        0, ngx_string("Content-Type must be application/json, in UTF-8."), 1
    },

    /* the pair is that of the first refused attribute */

    [NGX_HTTP_OPSCOM_VALIDATION_FAILED] = {
        422, ngx_string("validation_failed"),
        0, ngx_null_string, 0
    },

    [NGX_HTTP_OPSCOM_IDEMPOTENCY_REUSED] = {
        422, ngx_string("idempotency_key_reused"),
        9022, ngx_string("A record already exists with the supplied"
                         " details."), 0
    },

    [NGX_HTTP_OPSCOM_TOO_MANY_REQUESTS] = {
        429, ngx_string("too_many_requests"),
        0, ngx_string("Too many requests: try again later."), 1
    },

    [NGX_HTTP_OPSCOM_INTERNAL_ERROR] = {
        500, ngx_string("internal_error"),
        0, ngx_string("Internal server error."), 1
    },

    [NGX_HTTP_OPSCOM_STORE_UNAVAILABLE] = {
        503, ngx_string("store_unavailable"),
        0, ngx_string("The permit store is not available and nothing was"
                      " stored: try again later."), 0
    },

    [NGX_HTTP_OPSCOM_SERVICE_UNAVAILABLE] = {
        503, ngx_string("service_unavailable"),
        0, ngx_string("The service is not available: try again later."), 1
    },

    [NGX_HTTP_OPSCOM_STORE_TIMEOUT] = {
        504, ngx_string("store_timeout"),
        0, ngx_string("The permit store did not answer in time and the permit"
                      " may have been stored: a retry with the same"
                      " Idempotency-Key is safe."), 0
    },

    [NGX_HTTP_OPSCOM_HTTP_ERROR] = {
        0, ngx_string("http_error"),
        0, ngx_string("The request was not handled: see its status."), 1
    },
};


/* The first matching row applies; the last one matches everything. */

static const ngx_http_opscom_error_pair_t ngx_http_opscom_error_pairs[] = {

    { ngx_http_opscom_bit(PERMIT_MISSING), ngx_http_opscom_bit(PERMIT_END),
      9004, ngx_string("End Time is a required field.") },

    { ngx_http_opscom_bit(PERMIT_MISSING), ngx_http_opscom_bit(PERMIT_PLATE),
      9006, ngx_string("Plate is a required field.") },

    { ngx_http_opscom_bit(PERMIT_MISSING),
      ngx_http_opscom_bit(PERMIT_REFERENCE_ID),
      9008, ngx_string("Reference ID is required.") },

    { ngx_http_opscom_bit(PERMIT_MISSING), NGX_HTTP_OPSCOM_ANY,
      9031, ngx_string("The field is required.") },

    { ngx_http_opscom_bit(PERMIT_TOO_LONG), NGX_HTTP_OPSCOM_ANY,
      9030, ngx_string("The field's maximum number of characters was"
                       " exceeded.") },

    { NGX_HTTP_OPSCOM_ANY, ngx_http_opscom_bit(PERMIT_END),
      9005, ngx_string("The end time value is invalid.") },

    { NGX_HTTP_OPSCOM_ANY, ngx_http_opscom_bit(PERMIT_START),
      9007, ngx_string("The start time value is invalid.") },

    { NGX_HTTP_OPSCOM_ANY, NGX_HTTP_OPSCOM_ANY,
      9033, ngx_string("The field's value is invalid.") },
};

#define NGX_HTTP_OPSCOM_PAIRS                                                 \
    (sizeof(ngx_http_opscom_error_pairs)                                      \
     / sizeof(ngx_http_opscom_error_pairs[0]))


ngx_http_opscom_error_id_t
ngx_http_opscom_errors_find(ngx_uint_t status)
{
    ngx_uint_t  id;

    for (id = NGX_HTTP_OPSCOM_NO_ERROR + 1; id < NGX_HTTP_OPSCOM_ERRORS; id++)
    {
        if (ngx_http_opscom_errors[id].nginx
            && ngx_http_opscom_errors[id].status == status)
        {
            return id;
        }
    }

    return NGX_HTTP_OPSCOM_HTTP_ERROR;
}


const ngx_http_opscom_error_pair_t *
ngx_http_opscom_errors_pair(permit_id_t id, permit_code_t code)
{
    ngx_uint_t                           i;
    const ngx_http_opscom_error_pair_t  *pair;

    for (i = 0; i < NGX_HTTP_OPSCOM_PAIRS - 1; i++) {
        pair = &ngx_http_opscom_error_pairs[i];

        if ((pair->codes & ngx_http_opscom_bit(code))
            && (pair->attributes & ngx_http_opscom_bit(id)))
        {
            return pair;
        }
    }

    return &ngx_http_opscom_error_pairs[i];
}
