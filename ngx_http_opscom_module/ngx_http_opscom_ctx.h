
/* The state of a request, or of an element of a bulk request. */


#ifndef NGX_HTTP_OPSCOM_CTX_H_INCLUDED
#define NGX_HTTP_OPSCOM_CTX_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "permit/permit.h"
#include "permit/permit_parser.h"
#include "permit/permit_uuid.h"
#include "store/ngx_opscom_permits.h"
#include "store/ngx_opscom_results.h"

#include "ngx_http_opscom_endpoint.h"


/* The body was read, or cannot be; returns as a content handler does. */
typedef ngx_int_t (*ngx_http_opscom_body_pt)(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, permit_parse_t outcome);

/* The call has ended; returns as a content handler does. */
typedef ngx_int_t (*ngx_http_opscom_call_pt)(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_opscom_outcome_t outcome);


struct ngx_http_opscom_ctx_s {
    ngx_http_request_t                *request;
    const ngx_http_opscom_endpoint_t  *endpoint; /* NULL: status or health */
    ngx_str_t                          client;
    ngx_str_t                          idempotency_key;
    uint64_t                           index; /* of an element of a bulk */
    void                              *bulk;  /* of a bulk request */

    permit_memory_t          memory;
    permit_parser_t         *parser;
    permit_t                 permit;
    const char              *malformed; /* what is, and about where */
    size_t                   malformed_at;
    ngx_http_opscom_body_pt  body;

    ngx_opscom_call_t        call;
    ngx_http_opscom_call_pt  ended;
    ngx_opscom_result_t      written; /* as Redis answered */
    uint64_t                 sent_at; /* microseconds */
    uint64_t                 store_time;
    ngx_str_t                reference_id;
    ngx_str_t                found; /* the body of a lookup's response */

    ngx_uint_t  result;   /* ngx_http_opscom_result_t, and an error */
    ngx_str_t   own_body; /* instead of that of an error page */

    unsigned  sent:1;      /* to Redis */
    unsigned  answered:1;  /* by this module */
    unsigned  replacing:1; /* a response of nginx's */
    unsigned  replaced:1;
    unsigned  counted:1;
    unsigned  element:1; /* of a bulk */

    u_char  uuid[PERMIT_UUID_LEN];
};


/* The request's ctx, made where it has none yet; NULL without memory. */
ngx_http_opscom_ctx_t *ngx_http_opscom_ctx_get(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_CTX_H_INCLUDED */
