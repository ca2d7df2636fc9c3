
/*
 * The table of contents of the module: its directives, its configuration, and
 * what happens when nginx and its workers start and stop.
 */


#include "ngx_http_opscom_answer.h"
#include "ngx_http_opscom_crypto.h"
#include "ngx_http_opscom_directives.h"
#include "ngx_http_opscom_metrics.h"
#include "ngx_http_opscom_module.h"
#include "ngx_http_opscom_status.h"
#include "ngx_http_opscom_variables.h"
#include "store/ngx_opscom_address.h"


static ngx_int_t ngx_http_opscom_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_opscom_postconfiguration(ngx_conf_t *cf);
static void     *ngx_http_opscom_create_main_conf(ngx_conf_t *cf);
static void     *ngx_http_opscom_create_loc_conf(ngx_conf_t *cf);
static char     *ngx_http_opscom_merge_loc_conf(
        ngx_conf_t *cf, void *parent, void *child);
static char     *ngx_http_opscom_merge_redis(ngx_conf_t *cf,
        ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf);
static char     *ngx_http_opscom_merge_tls(ngx_conf_t *cf,
        ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf);
static char     *ngx_http_opscom_merge_permits(ngx_conf_t *cf,
        ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf);
static void      ngx_http_opscom_inherit_handler(ngx_conf_t *cf,
         ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf);
static ngx_int_t ngx_http_opscom_init_process(ngx_cycle_t *cycle);
static void      ngx_http_opscom_exit_process(ngx_cycle_t *cycle);


static ngx_conf_post_t ngx_http_opscom_at_least_one = {
    ngx_http_opscom_positive
};

static ngx_conf_post_t ngx_http_opscom_some_time = {
    ngx_http_opscom_positive_time
};

static permit_text_t ngx_http_opscom_default_currencies[] = {
    PERMIT_TEXT("CAD"),
    PERMIT_TEXT("USD"),
};


#define NGX_HTTP_OPSCOM_ANYWHERE                                              \
    (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF)

#define ngx_http_opscom_directive(name, args, set, field, post)               \
    {                                                                         \
        ngx_string(name), NGX_HTTP_OPSCOM_ANYWHERE | args, set,               \
            NGX_HTTP_LOC_CONF_OFFSET,                                         \
            offsetof(ngx_http_opscom_loc_conf_t, field), post                 \
    }


static ngx_command_t ngx_http_opscom_commands[] = {

    { ngx_string("opscom_push"),
        NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
        ngx_http_opscom_push, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL },

    { ngx_string("opscom_update"),
        NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
        ngx_http_opscom_update, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL },

    { ngx_string("opscom_delete"),
        NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
        ngx_http_opscom_delete, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL },

    { ngx_string("opscom_status"),
        NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
        ngx_http_opscom_status, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL },

    { ngx_string("opscom_health"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS,
        ngx_http_opscom_health, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL },

    { ngx_string("opscom_redis"), NGX_HTTP_OPSCOM_ANYWHERE | NGX_CONF_1MORE,
        ngx_http_opscom_redis, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL },

    ngx_http_opscom_directive("opscom_redis_cluster", NGX_CONF_FLAG,
        ngx_conf_set_flag_slot, cluster, NULL),

    ngx_http_opscom_directive("opscom_redis_sentinel", NGX_CONF_TAKE1,
        ngx_conf_set_str_slot, sentinel, NULL),

    ngx_http_opscom_directive("opscom_redis_username", NGX_CONF_TAKE1,
        ngx_conf_set_str_slot, username, NULL),

    ngx_http_opscom_directive("opscom_redis_password", NGX_CONF_TAKE1,
        ngx_conf_set_str_slot, password, NULL),

    ngx_http_opscom_directive("opscom_redis_password_file", NGX_CONF_TAKE1,
        ngx_conf_set_str_slot, password_file, NULL),

    ngx_http_opscom_directive("opscom_redis_database", NGX_CONF_TAKE1,
        ngx_http_opscom_number, database, NULL),

    ngx_http_opscom_directive("opscom_redis_connections", NGX_CONF_TAKE1,
        ngx_http_opscom_number, connections, &ngx_http_opscom_at_least_one),

    ngx_http_opscom_directive("opscom_redis_connect_timeout", NGX_CONF_TAKE1,
        ngx_http_opscom_time, connect_timeout, &ngx_http_opscom_some_time),

    ngx_http_opscom_directive("opscom_redis_timeout", NGX_CONF_TAKE1,
        ngx_http_opscom_time, timeout, &ngx_http_opscom_some_time),

    ngx_http_opscom_directive("opscom_redis_queue", NGX_CONF_TAKE1,
        ngx_http_opscom_number, queue, &ngx_http_opscom_at_least_one),

    ngx_http_opscom_directive(
        "opscom_redis_tls", NGX_CONF_FLAG, ngx_conf_set_flag_slot, tls, NULL),

    ngx_http_opscom_directive("opscom_redis_tls_ca", NGX_CONF_TAKE1,
        ngx_conf_set_str_slot, tls_ca, NULL),

    ngx_http_opscom_directive("opscom_redis_tls_certificate", NGX_CONF_TAKE1,
        ngx_conf_set_str_slot, tls_certificate, NULL),

    ngx_http_opscom_directive("opscom_redis_tls_certificate_key",
        NGX_CONF_TAKE1, ngx_conf_set_str_slot, tls_certificate_key, NULL),

    ngx_http_opscom_directive("opscom_redis_tls_server_name", NGX_CONF_TAKE1,
        ngx_conf_set_str_slot, tls_server_name, NULL),

    ngx_http_opscom_directive("opscom_wait_replicas", NGX_CONF_TAKE12,
        ngx_http_opscom_wait_replicas, replicas, NULL),

    ngx_http_opscom_directive(
        "opscom_prefix", NGX_CONF_TAKE1, ngx_http_opscom_prefix, prefix, NULL),

    ngx_http_opscom_directive("opscom_max_body_size", NGX_CONF_TAKE1,
        ngx_http_opscom_size, max_body_size, NULL),

    ngx_http_opscom_directive("opscom_currencies", NGX_CONF_1MORE,
        ngx_http_opscom_currencies, currencies, NULL),

    ngx_http_opscom_directive("opscom_cors_origin", NGX_CONF_1MORE,
        ngx_http_opscom_cors_origin, cors_origins, NULL),

    ngx_http_opscom_directive("opscom_idempotency_ttl", NGX_CONF_TAKE1,
        ngx_http_opscom_time, idempotency_ttl, &ngx_http_opscom_some_time),

    ngx_http_opscom_directive("opscom_dedup", NGX_CONF_TAKE1,
        ngx_http_opscom_msec_or_off, dedup, NULL),

    ngx_http_opscom_directive("opscom_retention", NGX_CONF_TAKE1,
        ngx_http_opscom_sec_or_off, retention, NULL),

    ngx_http_opscom_directive("opscom_stream_maxlen", NGX_CONF_TAKE1,
        ngx_http_opscom_number_or_off, stream_maxlen, NULL),

    ngx_null_command
};


static ngx_http_module_t ngx_http_opscom_module_ctx = {
    ngx_http_opscom_preconfiguration,  /* preconfiguration */
    ngx_http_opscom_postconfiguration, /* postconfiguration */

    ngx_http_opscom_create_main_conf, /* create main configuration */
    NULL,                             /* init main configuration */

    NULL, /* create server configuration */
    NULL, /* merge server configuration */

    ngx_http_opscom_create_loc_conf, /* create location configuration */
    ngx_http_opscom_merge_loc_conf   /* merge location configuration */
};


ngx_module_t ngx_http_opscom_module = { NGX_MODULE_V1,
    &ngx_http_opscom_module_ctx,  /* module context */
    ngx_http_opscom_commands,     /* module directives */
    NGX_HTTP_MODULE,              /* module type */
    NULL,                         /* init master */
    NULL,                         /* init module */
    ngx_http_opscom_init_process, /* init process */
    NULL,                         /* init thread */
    NULL,                         /* exit thread */
    ngx_http_opscom_exit_process, /* exit process */
    NULL,                         /* exit master */
    NGX_MODULE_V1_PADDING };


static ngx_int_t
ngx_http_opscom_preconfiguration(ngx_conf_t *cf)
{
    ngx_http_opscom_main_conf_t *omcf;
    static ngx_str_t             request_id = ngx_string("request_id");

    ngx_opscom_scripts_init();

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_opscom_module);

    omcf->request_id = ngx_http_get_variable_index(cf, &request_id);

    if (omcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_opscom_variables_init(cf);
}


static ngx_int_t
ngx_http_opscom_postconfiguration(ngx_conf_t *cf)
{
    return ngx_http_opscom_filter_init(cf);
}


static void *
ngx_http_opscom_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_opscom_main_conf_t *omcf;

    omcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_opscom_main_conf_t));
    if (omcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(
            &omcf->stores, cf->pool, 4, sizeof(ngx_opscom_store_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return omcf;
}


static void *
ngx_http_opscom_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_opscom_loc_conf_t *conf;

    /* set to zero: strings, handlers and what is said of URLs */

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_opscom_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->redis = NGX_CONF_UNSET_PTR;
    conf->cluster = NGX_CONF_UNSET;
    conf->database = NGX_CONF_UNSET_UINT;
    conf->connections = NGX_CONF_UNSET_UINT;
    conf->connect_timeout = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->queue = NGX_CONF_UNSET_UINT;
    conf->tls = NGX_CONF_UNSET;

    conf->max_body_size = NGX_CONF_UNSET_SIZE;
    conf->currencies = NGX_CONF_UNSET_PTR;
    conf->cors_origins = NGX_CONF_UNSET_PTR;
    conf->idempotency_ttl = NGX_CONF_UNSET_MSEC;
    conf->dedup = NGX_CONF_UNSET_MSEC;
    conf->retention = NGX_CONF_UNSET;
    conf->stream_maxlen = NGX_CONF_UNSET_UINT;
    conf->replicas = NGX_CONF_UNSET_UINT;
    conf->replicas_time = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_http_opscom_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_opscom_loc_conf_t  *prev, *conf;
    ngx_http_opscom_main_conf_t *omcf;

    prev = parent;
    conf = child;

    ngx_http_opscom_inherit_handler(cf, prev, conf);

    if (ngx_http_opscom_merge_redis(cf, prev, conf) != NGX_CONF_OK
        || ngx_http_opscom_merge_tls(cf, prev, conf) != NGX_CONF_OK
        || ngx_http_opscom_merge_permits(cf, prev, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->handler == NULL) {
        return NGX_CONF_OK;
    }

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_opscom_module);

    if (ngx_http_opscom_metrics_init(cf, omcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_opscom_deployment(cf, conf);
}


/* An "if" or a "limit_except" is a part of its location. */

static void
ngx_http_opscom_inherit_handler(ngx_conf_t *cf,
    ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname || conf->handler || prev->handler == NULL) {
        return;
    }

    conf->handler = prev->handler;
    conf->endpoint = prev->endpoint;
    conf->client = prev->client;
    conf->prometheus = prev->prometheus;

    if (clcf->handler == NULL) {
        clcf->handler = prev->handler;
    }
}


static char *
ngx_http_opscom_merge_redis(ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *prev,
    ngx_http_opscom_loc_conf_t *conf)
{
    ngx_opscom_url_t      url;
    ngx_opscom_address_t *address;
    static ngx_str_t      here = ngx_string("127.0.0.1:6379");

    if (conf->redis == NGX_CONF_UNSET_PTR) {
        conf->url_username = prev->url_username;
        conf->url_password = prev->url_password;
        conf->url_database = prev->url_database;
        conf->url_tls = prev->url_tls;
    }

    ngx_conf_merge_ptr_value(conf->redis, prev->redis, NULL);

    if (conf->redis == NULL) {
        conf->redis = ngx_array_create(
            cf->pool, 1, sizeof(ngx_opscom_address_t));
        if (conf->redis == NULL) {
            return NGX_CONF_ERROR;
        }

        address = ngx_array_push(conf->redis);

        if (ngx_opscom_address_parse(cf->pool, &here, &url)) {
            return NGX_CONF_ERROR;
        }

        *address = url.address;
    }

    ngx_conf_merge_value(conf->cluster, prev->cluster, 0);
    ngx_conf_merge_str_value(conf->sentinel, prev->sentinel, "");
    ngx_conf_merge_str_value(conf->username, prev->username, "");

    /* a file here is nearer than a password further out */

    if (conf->password.data == NULL && conf->password_file.data == NULL) {
        conf->password = prev->password;
        conf->password_file = prev->password_file;
    }

    ngx_conf_merge_uint_value(
        conf->database, prev->database, conf->url_database);
    ngx_conf_merge_uint_value(conf->connections, prev->connections, 1);
    ngx_conf_merge_msec_value(
        conf->connect_timeout, prev->connect_timeout, 1000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 2000);
    ngx_conf_merge_uint_value(conf->queue, prev->queue, 4096);

    if (conf->cluster && conf->sentinel.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"opscom_redis_cluster\" and"
            " \"opscom_redis_sentinel\" exclude each other");
        return NGX_CONF_ERROR;
    }

    if (conf->cluster && conf->database) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "a Redis cluster has no \"opscom_redis_database\""
            " but 0");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_opscom_merge_tls(ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *prev,
    ngx_http_opscom_loc_conf_t *conf)
{
    ngx_conf_merge_value(conf->tls, prev->tls, conf->url_tls);
    ngx_conf_merge_str_value(conf->tls_ca, prev->tls_ca, "");
    ngx_conf_merge_str_value(conf->tls_certificate, prev->tls_certificate, "");
    ngx_conf_merge_str_value(
        conf->tls_certificate_key, prev->tls_certificate_key, "");
    ngx_conf_merge_str_value(conf->tls_server_name, prev->tls_server_name, "");

#if !(NGX_SSL)
    if (conf->tls) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"opscom_redis_tls\" needs an nginx with TLS");
        return NGX_CONF_ERROR;
    }
#endif

    if ((conf->tls_certificate.len == 0)
        != (conf->tls_certificate_key.len == 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"opscom_redis_tls_certificate\" and"
            " \"opscom_redis_tls_certificate_key\" need each"
            " other");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_opscom_merge_permits(ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *prev,
    ngx_http_opscom_loc_conf_t *conf)
{
    ngx_conf_merge_str_value(conf->prefix, prev->prefix, "opscom");
    ngx_conf_merge_size_value(conf->max_body_size, prev->max_body_size, 16384);
    ngx_conf_merge_ptr_value(conf->cors_origins, prev->cors_origins, NULL);
    ngx_conf_merge_msec_value(
        conf->idempotency_ttl, prev->idempotency_ttl, 24 * 60 * 60 * 1000);
    ngx_conf_merge_msec_value(conf->dedup, prev->dedup, 0);
    ngx_conf_merge_value(conf->retention, prev->retention, 0);
    ngx_conf_merge_uint_value(conf->stream_maxlen, prev->stream_maxlen, 0);
    ngx_conf_merge_uint_value(conf->replicas, prev->replicas, 0);
    ngx_conf_merge_msec_value(conf->replicas_time, prev->replicas_time, 0);

    conf->rules.max_body = conf->max_body_size;

    if (conf->currencies != NGX_CONF_UNSET_PTR) {
        conf->rules.currencies = conf->currencies->elts;
        conf->rules.ncurrencies = conf->currencies->nelts;
        return NGX_CONF_OK;
    }

    if (prev->currencies != NGX_CONF_UNSET_PTR) {
        conf->currencies = prev->currencies;
        conf->rules.currencies = prev->currencies->elts;
        conf->rules.ncurrencies = prev->currencies->nelts;
        conf->rules.currencies_text = prev->rules.currencies_text;
        return NGX_CONF_OK;
    }

    conf->rules.currencies = ngx_http_opscom_default_currencies;
    conf->rules.ncurrencies = 2;
    conf->rules.currencies_text = "one of CAD, USD";

    return NGX_CONF_OK;
}


ngx_http_opscom_ctx_t *
ngx_http_opscom_get_ctx(ngx_http_request_t *r)
{
    ngx_http_opscom_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    if (ctx) {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_opscom_ctx_t));

    if (ctx) {
        ctx->request = r;
        ngx_http_set_ctx(r, ctx, ngx_http_opscom_module);
    }

    return ctx;
}


static ngx_int_t
ngx_http_opscom_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                   i;
    ngx_opscom_store_t         **stores;
    ngx_opscom_gauges_t         *gauges;
    ngx_http_opscom_main_conf_t *omcf;

    omcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_opscom_module);

    if (omcf == NULL || omcf->zone == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    if (ngx_http_opscom_crypto_init(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    gauges = ngx_http_opscom_metrics_enter(omcf);

    if (gauges == NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
            "opscom: more than %d workers: the store's gauges leave"
            " out this one",
            NGX_HTTP_OPSCOM_WORKERS);
        return NGX_OK;
    }

    stores = omcf->stores.elts;

    for (i = 0; i < omcf->stores.nelts; i++) {
        ngx_opscom_store_count(stores[i], gauges);
    }

    return NGX_OK;
}


static void
ngx_http_opscom_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                   i;
    ngx_opscom_store_t         **stores;
    ngx_http_opscom_main_conf_t *omcf;

    omcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_opscom_module);

    if (omcf == NULL || omcf->zone == NULL) {
        return;
    }

    stores = omcf->stores.elts;

    for (i = 0; i < omcf->stores.nelts; i++) {
        ngx_opscom_store_close(stores[i]);
    }

    ngx_http_opscom_metrics_leave(omcf);
    ngx_http_opscom_crypto_exit();
}
