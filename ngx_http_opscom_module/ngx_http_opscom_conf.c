
/* The configuration: create and merge. */


#include "ngx_http_opscom_conf.h"

#include "store/ngx_opscom_text.h"


static void ngx_http_opscom_conf_inherit_handler(ngx_conf_t *cf,
    ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf);
static ngx_http_opscom_keyspace_t *ngx_http_opscom_conf_keyspace(
    ngx_conf_t *cf, ngx_http_opscom_main_conf_t *omcf,
    ngx_http_opscom_loc_conf_t *conf);
static void ngx_http_opscom_conf_merge_permits(
    ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf);


static permit_text_t  ngx_http_opscom_conf_currencies[] = {
    PERMIT_TEXT("CAD"),
    PERMIT_TEXT("USD"),
};


void *
ngx_http_opscom_conf_create_main(ngx_conf_t *cf)
{
    ngx_http_opscom_main_conf_t  *omcf;

    omcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_opscom_main_conf_t));
    if (omcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&omcf->stores, cf->pool, 4,
                       sizeof(ngx_opscom_store_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&omcf->keyspaces, cf->pool, 1,
                       sizeof(ngx_http_opscom_keyspace_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return omcf;
}


void *
ngx_http_opscom_conf_create_loc(ngx_conf_t *cf)
{
    ngx_http_opscom_loc_conf_t  *conf;

    /* set to zero: strings, rules and the handler */

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_opscom_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    ngx_http_opscom_store_conf_init(&conf->redis);

    conf->max_body_size = NGX_CONF_UNSET_SIZE;
    conf->currencies = NGX_CONF_UNSET_PTR;
    conf->cors_origins = NGX_CONF_UNSET_PTR;
    conf->idempotency_ttl = NGX_CONF_UNSET_MSEC;
    conf->dedup = NGX_CONF_UNSET_MSEC;
    conf->retention = NGX_CONF_UNSET;
    conf->keep_all = NGX_CONF_UNSET;
    conf->stream_maxlen = NGX_CONF_UNSET_UINT;
    conf->stream_minimal = NGX_CONF_UNSET_UINT;

    return conf;
}


char *
ngx_http_opscom_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_opscom_loc_conf_t   *prev, *conf;
    ngx_http_opscom_main_conf_t  *omcf;

    prev = parent;
    conf = child;

    ngx_http_opscom_conf_inherit_handler(cf, prev, conf);
    ngx_http_opscom_conf_merge_permits(prev, conf);

    if (ngx_http_opscom_store_conf_merge(cf, &prev->redis, &conf->redis)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->handler == NULL) {
        return NGX_CONF_OK;
    }

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_opscom_module);

    if (omcf->zone == NULL) {
        omcf->zone = ngx_http_opscom_metrics_zone(cf, &ngx_http_opscom_module);
    }

    conf->keyspace = ngx_http_opscom_conf_keyspace(cf, omcf, conf);

    /* what only reads does not stand behind writes that wait for replicas */

    conf->store = ngx_http_opscom_store_conf_store(cf, &conf->redis,
                      &omcf->stores,
                      conf->endpoint && !conf->endpoint->reads);

    return omcf->zone && conf->keyspace && conf->store ? NGX_CONF_OK
                                                       : NGX_CONF_ERROR;
}


/* Shared by the locations of a prefix, whatever Redis they use. */

static ngx_http_opscom_keyspace_t *
ngx_http_opscom_conf_keyspace(ngx_conf_t *cf,
    ngx_http_opscom_main_conf_t *omcf, ngx_http_opscom_loc_conf_t *conf)
{
    ngx_uint_t                    i;
    ngx_http_opscom_keyspace_t  **keyspace;

    keyspace = omcf->keyspaces.elts;

    for (i = 0; i < omcf->keyspaces.nelts; i++) {

        if (ngx_opscom_text_equal(&keyspace[i]->prefix, &conf->prefix)) {
            keyspace[i]->expires |= conf->retention != 0;
            return keyspace[i];
        }
    }

    keyspace = ngx_array_push(&omcf->keyspaces);
    if (keyspace == NULL) {
        return NULL;
    }

    *keyspace = ngx_palloc(cf->pool, sizeof(ngx_http_opscom_keyspace_t));

    if (*keyspace) {
        (*keyspace)->prefix = conf->prefix;
        (*keyspace)->expires = conf->retention != 0;
    }

    return *keyspace;
}


/* An "if" or a "limit_except" is a part of its location. */

static void
ngx_http_opscom_conf_inherit_handler(ngx_conf_t *cf,
    ngx_http_opscom_loc_conf_t *prev, ngx_http_opscom_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname || conf->handler || prev->handler == NULL) {
        return;
    }

    conf->handler = prev->handler;
    conf->endpoint = prev->endpoint;
    conf->client = prev->client;
    conf->status_format = prev->status_format;

    if (clcf->handler == NULL) {
        clcf->handler = prev->handler;
    }
}


static void
ngx_http_opscom_conf_merge_permits(ngx_http_opscom_loc_conf_t *prev,
    ngx_http_opscom_loc_conf_t *conf)
{
    ngx_conf_merge_str_value(conf->prefix, prev->prefix, "opscom");
    ngx_conf_merge_size_value(conf->max_body_size, prev->max_body_size, 16384);
    ngx_conf_merge_ptr_value(conf->cors_origins, prev->cors_origins, NULL);
    ngx_conf_merge_msec_value(conf->idempotency_ttl, prev->idempotency_ttl,
                              24 * 60 * 60 * 1000);
    ngx_conf_merge_msec_value(conf->dedup, prev->dedup, 0);

    /* "off", written out, can mean that it was on before */

    if (conf->retention != NGX_CONF_UNSET) {
        conf->keep_all = conf->retention == 0;
    }

    ngx_conf_merge_value(conf->keep_all, prev->keep_all, 0);
    ngx_conf_merge_value(conf->retention, prev->retention, 0);
    ngx_conf_merge_uint_value(conf->stream_maxlen, prev->stream_maxlen, 0);
    ngx_conf_merge_uint_value(conf->stream_minimal, prev->stream_minimal, 0);

    conf->rules.max_body = conf->max_body_size;

    if (conf->currencies != NGX_CONF_UNSET_PTR) {
        conf->rules.currencies = conf->currencies->elts;
        conf->rules.ncurrencies = conf->currencies->nelts;
        return;
    }

    if (prev->currencies != NGX_CONF_UNSET_PTR) {
        conf->currencies = prev->currencies;
        conf->rules.currencies = prev->currencies->elts;
        conf->rules.ncurrencies = prev->currencies->nelts;
        conf->rules.currencies_text = prev->rules.currencies_text;
        return;
    }

    conf->rules.currencies = ngx_http_opscom_conf_currencies;
    conf->rules.ncurrencies = 2;
    conf->rules.currencies_text = "one of CAD, USD";
}


ngx_http_opscom_metrics_t *
ngx_http_opscom_conf_metrics(ngx_http_request_t *r)
{
    ngx_http_opscom_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_opscom_module);

    return omcf->zone->data;
}
