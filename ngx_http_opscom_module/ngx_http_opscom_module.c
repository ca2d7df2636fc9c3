
/* Directives, the module's context, and the start and exit of processes. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_digest.h"
#include "ngx_http_opscom_directives.h"
#include "ngx_http_opscom_endpoints.h"
#include "ngx_http_opscom_filter.h"
#include "ngx_http_opscom_redis.h"
#include "ngx_http_opscom_variables.h"


static ngx_int_t ngx_http_opscom_module_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_opscom_module_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_opscom_module_init_process(ngx_cycle_t *cycle);
static void ngx_http_opscom_module_exit_process(ngx_cycle_t *cycle);
static ngx_http_opscom_main_conf_t *ngx_http_opscom_module_conf(
    ngx_cycle_t *cycle);


/* Longer times are mistakes. */

#define NGX_HTTP_OPSCOM_YEAR 31536000ULL


static ngx_http_opscom_value_t  ngx_http_opscom_database = {
    ngx_conf_set_num_slot, "a number from 0 to 2147483647", NULL, 0,
    NGX_MAX_INT32_VALUE
};

static ngx_http_opscom_value_t  ngx_http_opscom_number_or_off = {
    ngx_conf_set_num_slot, "a number, or \"off\"", NULL, 1, 0
};

static ngx_http_opscom_value_t  ngx_http_opscom_connections = {
    ngx_conf_set_num_slot, "a number from 1 to 65535", "must be at least 1",
    0, 65535
};

static ngx_http_opscom_value_t  ngx_http_opscom_queue = {
    ngx_conf_set_num_slot, "a number from 1 to 2147483647",
    "must be at least 1", 0, NGX_MAX_INT32_VALUE
};

static ngx_http_opscom_value_t  ngx_http_opscom_time = {
    ngx_conf_set_msec_slot,
    "a time, such as 500ms, 2s or 24h, of at most a year",
    "must be positive", 0, 1000 * NGX_HTTP_OPSCOM_YEAR
};

static ngx_http_opscom_value_t  ngx_http_opscom_time_or_off = {
    ngx_conf_set_msec_slot,
    "a time, such as 5s or 10m, of at most a year, or \"off\"", NULL, 1,
    1000 * NGX_HTTP_OPSCOM_YEAR
};

static ngx_http_opscom_value_t  ngx_http_opscom_days_or_off = {
    ngx_conf_set_sec_slot,
    "a time, such as 90d, of at most 1000 years, or \"off\"", NULL, 1,
    1000 * NGX_HTTP_OPSCOM_YEAR
};

static ngx_http_opscom_value_t  ngx_http_opscom_size = {
    ngx_conf_set_size_slot, "a size in bytes, such as 16k or 1m", NULL, 0, 0
};


#define NGX_HTTP_OPSCOM_ANYWHERE                                              \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_command_t  ngx_http_opscom_commands[] = {

    { ngx_string("opscom_push"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      (void *) &ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_PUSH] },

    { ngx_string("opscom_update"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      (void *) &ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_UPDATE] },

    { ngx_string("opscom_delete"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      (void *) &ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_DELETE] },

    { ngx_string("opscom_lookup"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      (void *) &ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_LOOKUP] },

    { ngx_string("opscom_bulk"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      (void *) &ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_BULK] },

    { ngx_string("opscom_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_health"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_opscom_directives_health,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_redis"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_opscom_redis_addresses,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_redis_cluster"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.cluster),
      NULL },

    { ngx_string("opscom_redis_sentinel"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.sentinel),
      NULL },

    { ngx_string("opscom_redis_username"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.username),
      NULL },

    { ngx_string("opscom_redis_password"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.password),
      NULL },

    { ngx_string("opscom_redis_password_file"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_redis_password_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_redis_database"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.database),
      &ngx_http_opscom_database },

    { ngx_string("opscom_redis_connections"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.connections),
      &ngx_http_opscom_connections },

    { ngx_string("opscom_redis_connect_timeout"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.connect_timeout),
      &ngx_http_opscom_time },

    { ngx_string("opscom_redis_timeout"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.timeout),
      &ngx_http_opscom_time },

    { ngx_string("opscom_redis_retry"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.retry),
      &ngx_http_opscom_time_or_off },

    { ngx_string("opscom_redis_queue"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.queue),
      &ngx_http_opscom_queue },


#if (NGX_SSL)

    { ngx_string("opscom_redis_tls"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.tls),
      NULL },

    { ngx_string("opscom_redis_tls_ca"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.trusted),
      NULL },

    { ngx_string("opscom_redis_tls_certificate"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.certificate),
      NULL },

    { ngx_string("opscom_redis_tls_certificate_key"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.certificate_key),
      NULL },

    { ngx_string("opscom_redis_tls_server_name"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, redis.settings.server_name),
      NULL },

#endif

    { ngx_string("opscom_wait_replicas"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE12,
      ngx_http_opscom_redis_wait_replicas,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_prefix"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_prefix,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_max_body_size"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, max_body_size),
      &ngx_http_opscom_size },

    { ngx_string("opscom_currencies"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_opscom_directives_currencies,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_cors_origin"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_opscom_directives_cors_origin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("opscom_idempotency_ttl"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, idempotency_ttl),
      &ngx_http_opscom_time },

    { ngx_string("opscom_dedup"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, dedup),
      &ngx_http_opscom_time_or_off },

    { ngx_string("opscom_retention"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, retention),
      &ngx_http_opscom_days_or_off },

    { ngx_string("opscom_stream_maxlen"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_opscom_loc_conf_t, stream_maxlen),
      &ngx_http_opscom_number_or_off },

    { ngx_string("opscom_stream_fields"),
      NGX_HTTP_OPSCOM_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_opscom_directives_stream_fields,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_opscom_module_ctx = {
    ngx_http_opscom_module_preconfiguration,  /* preconfiguration */
    ngx_http_opscom_module_postconfiguration, /* postconfiguration */

    ngx_http_opscom_conf_create_main,         /* create main conf */
    NULL,                                     /* init main conf */

    NULL,                                     /* create server conf */
    NULL,                                     /* merge server conf */

    ngx_http_opscom_conf_create_loc,          /* create location conf */
    ngx_http_opscom_conf_merge_loc            /* merge location conf */
};


ngx_module_t  ngx_http_opscom_module = {
    NGX_MODULE_V1,
    &ngx_http_opscom_module_ctx,              /* module context */
    ngx_http_opscom_commands,                 /* module directives */
    NGX_HTTP_MODULE,                          /* module type */
    NULL,                                     /* init master */
    NULL,                                     /* init module */
    ngx_http_opscom_module_init_process,      /* init process */
    NULL,                                     /* init thread */
    NULL,                                     /* exit thread */
    ngx_http_opscom_module_exit_process,      /* exit process */
    NULL,                                     /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_opscom_module_preconfiguration(ngx_conf_t *cf)
{
    ngx_http_opscom_main_conf_t  *omcf;
    static ngx_str_t              request_id = ngx_string("request_id");

    ngx_opscom_scripts_init();

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_opscom_module);

    omcf->request_id = ngx_http_get_variable_index(cf, &request_id);

    if (omcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_opscom_variables_init(cf);
}


static ngx_int_t
ngx_http_opscom_module_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_opscom_filter_init();

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_module_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_opscom_store_t           **stores;
    ngx_opscom_gauges_t           *gauges;
    ngx_http_opscom_metrics_t     *metrics;
    ngx_http_opscom_main_conf_t   *omcf;

    omcf = ngx_http_opscom_module_conf(cycle);

    if (omcf == NULL) {
        return NGX_OK;
    }

    if (ngx_http_opscom_digest_init(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    metrics = omcf->zone->data;
    gauges = ngx_http_opscom_metrics_enter(metrics);
    stores = omcf->stores.elts;

    for (i = 0; i < omcf->stores.nelts; i++) {
        ngx_opscom_store_count(stores[i], gauges, &metrics->store);
    }

    return NGX_OK;
}


static void
ngx_http_opscom_module_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_opscom_store_t           **stores;
    ngx_http_opscom_main_conf_t   *omcf;

    omcf = ngx_http_opscom_module_conf(cycle);

    if (omcf == NULL) {
        return;
    }

    stores = omcf->stores.elts;

    for (i = 0; i < omcf->stores.nelts; i++) {
        ngx_opscom_store_close(stores[i]);
    }

    ngx_http_opscom_metrics_leave(omcf->zone->data);
    ngx_http_opscom_digest_exit();
}


/* NULL where no handler is configured, or in a process without requests. */

static ngx_http_opscom_main_conf_t *
ngx_http_opscom_module_conf(ngx_cycle_t *cycle)
{
    ngx_http_opscom_main_conf_t  *omcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NULL;
    }

    omcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_opscom_module);

    return omcf && omcf->zone ? omcf : NULL;
}
