
/*
 * The module as its own HTTP rooms share it: its configuration, and what it
 * keeps of a request.
 */


#ifndef NGX_HTTP_OPSCOM_MODULE_H_INCLUDED
#define NGX_HTTP_OPSCOM_MODULE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "permit/permit.h"
#include "permit/permit_parser.h"
#include "permit/permit_uuid.h"
#include "store/ngx_opscom_permits.h"
#include "store/ngx_opscom_store.h"


typedef ngx_int_t (*ngx_http_opscom_build_pt)(
    ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool);


typedef enum {
    NGX_HTTP_OPSCOM_PUSH,
    NGX_HTTP_OPSCOM_UPDATE,
    NGX_HTTP_OPSCOM_DELETE,
    NGX_HTTP_OPSCOM_ENDPOINTS
} ngx_http_opscom_endpoint_id_t;


/* What tells the endpoints apart. */

typedef struct {
    ngx_http_opscom_endpoint_id_t id;
    ngx_str_t                     name;
    ngx_str_t                     written; /* $opscom_result of a success */
    const permit_schema_t        *schema;
    ngx_http_opscom_build_pt      build;
} ngx_http_opscom_endpoint_t;


typedef struct {
    ngx_array_t     stores;     /* of ngx_opscom_store_t *, all distinct */
    ngx_int_t       request_id; /* the variable's index */
    ngx_shm_zone_t *zone;       /* of the counters */
} ngx_http_opscom_main_conf_t;


typedef struct {

    /* what is here: at most one of the handlers */

    const ngx_http_opscom_endpoint_t *endpoint;
    ngx_http_handler_pt               handler;
    ngx_http_complex_value_t         *client;     /* NULL: from the URI */
    ngx_uint_t                        prometheus; /* of the status */

    /* Redis */

    ngx_opscom_store_t *store;
    ngx_array_t        *redis; /* of ngx_opscom_address_t */
    ngx_flag_t          cluster;
    ngx_str_t           sentinel;
    ngx_str_t           username;
    ngx_str_t           password;
    ngx_str_t           password_file;
    ngx_uint_t          database;
    ngx_uint_t          connections;
    ngx_msec_t          connect_timeout;
    ngx_msec_t          timeout;
    ngx_uint_t          queue;
    ngx_flag_t          tls;
    ngx_str_t           tls_ca;
    ngx_str_t           tls_certificate;
    ngx_str_t           tls_certificate_key;
    ngx_str_t           tls_server_name;

    /* what the URLs of opscom_redis say, where no directive does */

    ngx_str_t  url_username;
    ngx_str_t  url_password;
    ngx_uint_t url_database;
    ngx_flag_t url_tls;

    /* permits */

    ngx_str_t      prefix;
    size_t         max_body_size;
    ngx_array_t   *currencies; /* of permit_text_t */
    permit_rules_t rules;
    ngx_array_t   *cors_origins; /* of ngx_str_t; NULL: off */
    ngx_msec_t     idempotency_ttl;
    ngx_msec_t     dedup;         /* 0: off */
    time_t         retention;     /* 0: off */
    ngx_uint_t     stream_maxlen; /* 0: off */
    ngx_uint_t     replicas;      /* 0: off */
    ngx_msec_t     replicas_time;
} ngx_http_opscom_loc_conf_t;


/* A push, an update or a delete on its way. */

typedef struct {
    ngx_http_request_t               *request;
    const ngx_http_opscom_endpoint_t *endpoint;
    ngx_str_t                         client;
    ngx_str_t                         idempotency_key;

    permit_memory_t  memory;
    permit_parser_t *parser;
    permit_t         permit;

    ngx_opscom_call_t   call;
    ngx_opscom_result_t result;
    uint64_t            sent_at; /* microseconds */
    uint64_t            store_time;
    ngx_str_t           reference_id;

    /* for variables and counters */

    ngx_uint_t result_id;   /* ..._RESULT_*, of it */
    ngx_str_t  result_name; /* $opscom_result */
    ngx_str_t  own_body;    /* for an answer of nginx's */

    unsigned sent : 1;      /* to Redis */
    unsigned answered : 1;  /* by this module */
    unsigned replacing : 1; /* an answer of nginx's */
    unsigned replaced : 1;

    u_char uuid[PERMIT_UUID_LEN];
} ngx_http_opscom_ctx_t;


extern ngx_module_t ngx_http_opscom_module;


/* The request's ctx, made where it has none yet; NULL without memory. */
ngx_http_opscom_ctx_t *ngx_http_opscom_get_ctx(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_MODULE_H_INCLUDED */
