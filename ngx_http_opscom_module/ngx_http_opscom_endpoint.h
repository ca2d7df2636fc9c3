
/* What an endpoint is; the table of them is ngx_http_opscom_endpoints.h. */


#ifndef NGX_HTTP_OPSCOM_ENDPOINT_H_INCLUDED
#define NGX_HTTP_OPSCOM_ENDPOINT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "permit/permit.h"
#include "store/ngx_opscom_permits.h"

#include "ngx_http_opscom_errors.h"


typedef enum {
    NGX_HTTP_OPSCOM_PUSH,
    NGX_HTTP_OPSCOM_UPDATE,
    NGX_HTTP_OPSCOM_DELETE,
    NGX_HTTP_OPSCOM_LOOKUP,
    NGX_HTTP_OPSCOM_BULK,
    NGX_HTTP_OPSCOM_ENDPOINTS /* how many */
} ngx_http_opscom_endpoint_id_t;


/* How a request ended: not yet, in one of two successes, or in an error. */

typedef enum {
    NGX_HTTP_OPSCOM_RESULT_NONE,
    NGX_HTTP_OPSCOM_RESULT_SUCCESS,
    NGX_HTTP_OPSCOM_RESULT_REPLAYED,
    NGX_HTTP_OPSCOM_RESULT_ERROR /* + ngx_http_opscom_error_id_t */
} ngx_http_opscom_result_t;

#define NGX_HTTP_OPSCOM_RESULTS                                               \
    (NGX_HTTP_OPSCOM_RESULT_ERROR + NGX_HTTP_OPSCOM_ERRORS)


typedef struct ngx_http_opscom_ctx_s ngx_http_opscom_ctx_t;

/* Makes the call to Redis from a permit; NGX_ERROR without memory. */
typedef ngx_int_t (*ngx_http_opscom_build_pt)(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, ngx_pool_t *pool);

/*
 * Executes a request whose permit was validated.  Returns what
 * ngx_http_finalize_request() takes, NGX_DONE while it waits for Redis.
 */
typedef ngx_int_t (*ngx_http_opscom_execute_pt)(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);


typedef struct ngx_http_opscom_endpoint_s ngx_http_opscom_endpoint_t;

struct ngx_http_opscom_endpoint_s {
    ngx_http_opscom_endpoint_id_t      id;
    ngx_str_t                          name;    /* in metrics */
    ngx_str_t                          success; /* $opscom_result */
    const permit_schema_t             *schema;  /* the attributes it takes */
    ngx_http_handler_pt                handler; /* of the location's content */
    ngx_http_opscom_execute_pt         execute;
    ngx_http_opscom_build_pt           build;
    ngx_uint_t                         creates; /* 1: a permit with a new ID */
    ngx_uint_t                         reads;   /* 1: it writes nothing */
    const ngx_http_opscom_endpoint_t  *each;    /* of many: what each one is */
};


/*
 * The name of a result, as $opscom_result and the metrics have it; empty for
 * NGX_HTTP_OPSCOM_RESULT_NONE.  The endpoint may be NULL.
 */
ngx_str_t ngx_http_opscom_endpoint_result(
    const ngx_http_opscom_endpoint_t *endpoint, ngx_uint_t result);

/* As that, of a request as a whole: that of many is a success by its name. */
ngx_str_t ngx_http_opscom_endpoint_request_result(
    const ngx_http_opscom_endpoint_t *endpoint, ngx_uint_t result);


#endif /* NGX_HTTP_OPSCOM_ENDPOINT_H_INCLUDED */
