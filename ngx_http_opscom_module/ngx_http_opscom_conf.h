
/* The configuration of the module. */


#ifndef NGX_HTTP_OPSCOM_CONF_H_INCLUDED
#define NGX_HTTP_OPSCOM_CONF_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "permit/permit.h"
#include "store/ngx_opscom_store.h"

#include "ngx_http_opscom_accept.h"
#include "ngx_http_opscom_endpoint.h"
#include "ngx_http_opscom_metrics.h"
#include "ngx_http_opscom_store_conf.h"


/* The keys of one opscom_prefix. */

typedef struct {
    ngx_str_t   prefix;
    ngx_uint_t  expires; /* 1: some location has opscom_retention */
} ngx_http_opscom_keyspace_t;


typedef struct {
    ngx_array_t      stores;     /* of ngx_opscom_store_t *, all distinct */
    ngx_array_t      keyspaces;  /* of ngx_http_opscom_keyspace_t * */
    ngx_int_t        request_id; /* the variable's index */
    ngx_shm_zone_t  *zone;       /* of the metrics; NULL: no handler */
} ngx_http_opscom_main_conf_t;


typedef struct {

    /* what is here: at most one of the handlers */

    ngx_http_handler_pt                handler;
    const ngx_http_opscom_endpoint_t  *endpoint; /* NULL: status or health */
    ngx_http_complex_value_t          *client;   /* NULL: from the URI */
    ngx_http_opscom_status_format_t    status_format;

    /* Redis */

    ngx_opscom_store_t           *store; /* NULL without a handler */
    ngx_http_opscom_store_conf_t  redis;

    /* permits */

    ngx_str_t                    prefix;
    ngx_http_opscom_keyspace_t  *keyspace;       /* NULL without a handler */
    size_t                       max_body_size;
    ngx_array_t                 *currencies;     /* of permit_text_t */
    permit_rules_t               rules;
    ngx_array_t                 *cors_origins;   /* of ngx_str_t; NULL: off */
    ngx_msec_t                   idempotency_ttl;
    ngx_msec_t                   dedup;          /* 0: off */
    time_t                       retention;      /* 0: off */
    ngx_flag_t                   keep_all;       /* 1: off by a directive */
    ngx_uint_t                   stream_maxlen;  /* 0: off */
    ngx_uint_t                   stream_minimal; /* 1: five fields an event */
} ngx_http_opscom_loc_conf_t;


extern ngx_module_t ngx_http_opscom_module;


void *ngx_http_opscom_conf_create_main(ngx_conf_t *cf);
void *ngx_http_opscom_conf_create_loc(ngx_conf_t *cf);
char *ngx_http_opscom_conf_merge_loc(ngx_conf_t *cf, void *parent,
    void *child);

/* The metrics; there in every process that serves requests. */
ngx_http_opscom_metrics_t *ngx_http_opscom_conf_metrics(ngx_http_request_t *r);


#endif /* NGX_HTTP_OPSCOM_CONF_H_INCLUDED */
