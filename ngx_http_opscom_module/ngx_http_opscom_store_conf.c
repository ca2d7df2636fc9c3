
/* From the directives about Redis to a store. */


#include "store/ngx_opscom_address.h"
#include "store/ngx_opscom_text.h"

#include "ngx_http_opscom_store_conf.h"
#include "ngx_http_opscom_tls.h"


typedef ngx_uint_t (*ngx_http_opscom_is_set_pt)(void *value);


/* A setting that a directive or a URL may give. */

typedef struct {
    size_t                     offset; /* in ngx_opscom_settings_t */
    size_t                     size;
    ngx_http_opscom_is_set_pt  is_set;
} ngx_http_opscom_store_conf_field_t;


static void ngx_http_opscom_store_conf_unset(ngx_opscom_settings_t *settings);
static ngx_uint_t ngx_http_opscom_store_conf_text_is_set(void *value);
static ngx_uint_t ngx_http_opscom_store_conf_number_is_set(void *value);
static char *ngx_http_opscom_store_conf_resolve(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *conf, ngx_opscom_settings_t *settings);
static void ngx_http_opscom_store_conf_lookup(
    ngx_http_opscom_store_conf_t *conf,
    const ngx_http_opscom_store_conf_field_t *field, void *value);
static char *ngx_http_opscom_store_conf_check(ngx_conf_t *cf,
    ngx_opscom_settings_t *settings);
static char *ngx_http_opscom_store_conf_addresses(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *conf, ngx_opscom_settings_t *settings);
static ngx_array_t *ngx_http_opscom_store_conf_default(ngx_conf_t *cf);
static ngx_array_t *ngx_http_opscom_store_conf_names(ngx_conf_t *cf,
    ngx_array_t *addresses, ngx_resolver_t *resolver);
static ngx_uint_t ngx_http_opscom_store_conf_is_resolved(
    ngx_opscom_address_t *address, ngx_resolver_t *resolver);
static ngx_opscom_store_t *ngx_http_opscom_store_conf_create(ngx_conf_t *cf,
    ngx_opscom_settings_t *settings, ngx_array_t *stores);


#define ngx_http_opscom_store_conf_text(field)                                \
    { offsetof(ngx_opscom_settings_t, field), sizeof(ngx_str_t),              \
      ngx_http_opscom_store_conf_text_is_set }

#define ngx_http_opscom_store_conf_number(field)                              \
    { offsetof(ngx_opscom_settings_t, field), sizeof(ngx_int_t),              \
      ngx_http_opscom_store_conf_number_is_set }


static const ngx_http_opscom_store_conf_field_t
    ngx_http_opscom_store_conf_fields[] = {
    ngx_http_opscom_store_conf_text(username),
    ngx_http_opscom_store_conf_text(password),
    ngx_http_opscom_store_conf_number(database),
#if (NGX_SSL)
    ngx_http_opscom_store_conf_number(tls),
#endif
};

#define NGX_HTTP_OPSCOM_STORE_CONF_FIELDS                                     \
    (sizeof(ngx_http_opscom_store_conf_fields)                                \
     / sizeof(ngx_http_opscom_store_conf_fields[0]))


void
ngx_http_opscom_store_conf_init(ngx_http_opscom_store_conf_t *conf)
{
    ngx_memzero(conf, sizeof(ngx_http_opscom_store_conf_t));

    ngx_http_opscom_store_conf_unset(&conf->settings);
    ngx_http_opscom_store_conf_unset(&conf->urls);
}


static void
ngx_http_opscom_store_conf_unset(ngx_opscom_settings_t *settings)
{
    settings->addresses = NGX_CONF_UNSET_PTR;
    settings->database = NGX_CONF_UNSET_UINT;
    settings->connections = NGX_CONF_UNSET_UINT;
    settings->connect_timeout = NGX_CONF_UNSET_MSEC;
    settings->timeout = NGX_CONF_UNSET_MSEC;
    settings->retry = NGX_CONF_UNSET_MSEC;
    settings->queue = NGX_CONF_UNSET_UINT;
    settings->replicas = NGX_CONF_UNSET_UINT;
    settings->replicas_time = NGX_CONF_UNSET_MSEC;
    settings->cluster = NGX_CONF_UNSET;
#if (NGX_SSL)
    settings->tls = NGX_CONF_UNSET;
#endif
}


char *
ngx_http_opscom_store_conf_merge(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *prev, ngx_http_opscom_store_conf_t *conf)
{
    ngx_opscom_settings_t  *inner, *outer;

    inner = &conf->settings;
    outer = &prev->settings;

    conf->outer = prev;

    ngx_conf_merge_uint_value(inner->connections, outer->connections, 1);
    ngx_conf_merge_msec_value(inner->connect_timeout, outer->connect_timeout,
                              1000);
    ngx_conf_merge_msec_value(inner->timeout, outer->timeout, 2000);
    ngx_conf_merge_msec_value(inner->retry, outer->retry, 5000);
    ngx_conf_merge_uint_value(inner->queue, outer->queue, 4096);
    ngx_conf_merge_uint_value(inner->replicas, outer->replicas, 0);
    ngx_conf_merge_msec_value(inner->replicas_time, outer->replicas_time, 0);
    ngx_conf_merge_value(inner->cluster, outer->cluster, 0);
    ngx_conf_merge_str_value(inner->sentinel, outer->sentinel, "");

    if (inner->cluster && inner->sentinel.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"opscom_redis_cluster\" and"
                           " \"opscom_redis_sentinel\" exclude each other");
        return NGX_CONF_ERROR;
    }

#if (NGX_SSL)

    ngx_conf_merge_str_value(inner->trusted, outer->trusted, "");
    ngx_conf_merge_str_value(inner->certificate, outer->certificate, "");
    ngx_conf_merge_str_value(inner->certificate_key, outer->certificate_key,
                             "");
    ngx_conf_merge_str_value(inner->server_name, outer->server_name, "");

    if ((inner->certificate.len == 0) != (inner->certificate_key.len == 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"opscom_redis_tls_certificate\" and"
                           " \"opscom_redis_tls_certificate_key\""
                           " must be specified together");
        return NGX_CONF_ERROR;
    }

#endif

    return NGX_CONF_OK;
}


ngx_opscom_store_t *
ngx_http_opscom_store_conf_store(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *conf, ngx_array_t *stores, ngx_uint_t waits)
{
    ngx_uint_t               i;
    ngx_opscom_store_t     **store;
    ngx_opscom_settings_t    settings;

    settings = conf->settings;

    if (!waits) {
        settings.replicas = 0;
        settings.replicas_time = 0;
    }

    if (ngx_http_opscom_store_conf_resolve(cf, conf, &settings)
        != NGX_CONF_OK)
    {
        return NULL;
    }

    store = stores->elts;

    for (i = 0; i < stores->nelts; i++) {

        if (ngx_opscom_settings_equal(ngx_opscom_store_settings(store[i]),
                                      &settings))
        {
            return store[i];
        }
    }

    return ngx_http_opscom_store_conf_create(cf, &settings, stores);
}


static char *
ngx_http_opscom_store_conf_resolve(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *conf, ngx_opscom_settings_t *settings)
{
    u_char                                    *value;
    ngx_uint_t                                 i;
    ngx_http_core_loc_conf_t                  *clcf;
    const ngx_http_opscom_store_conf_field_t  *field;

    for (i = 0; i < NGX_HTTP_OPSCOM_STORE_CONF_FIELDS; i++) {
        field = &ngx_http_opscom_store_conf_fields[i];
        value = (u_char *) settings + field->offset;

        ngx_memzero(value, field->size);
        ngx_http_opscom_store_conf_lookup(conf, field, value);
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->resolver && clcf->resolver->connections.nelts) {
        settings->resolver = clcf->resolver;
        settings->resolver_timeout = clcf->resolver_timeout;
    }

    if (ngx_http_opscom_store_conf_check(cf, settings) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_opscom_store_conf_addresses(cf, conf, settings);
}


static void
ngx_http_opscom_store_conf_lookup(ngx_http_opscom_store_conf_t *conf,
    const ngx_http_opscom_store_conf_field_t *field, void *value)
{
    u_char      *given;
    ngx_uint_t   hidden;

    hidden = 0;

    for ( /* void */ ; conf; conf = conf->outer) {
        given = (u_char *) &conf->settings + field->offset;

        if (!field->is_set(given)) {

            if (hidden) {
                continue;
            }

            given = (u_char *) &conf->urls + field->offset;
        }

        if (field->is_set(given)) {
            ngx_memcpy(value, given, field->size);
            return;
        }

        hidden = conf->settings.addresses != NGX_CONF_UNSET_PTR;
    }
}


static ngx_uint_t
ngx_http_opscom_store_conf_text_is_set(void *value)
{
    return ((ngx_str_t *) value)->data != NULL;
}


static ngx_uint_t
ngx_http_opscom_store_conf_number_is_set(void *value)
{
    return *(ngx_int_t *) value != NGX_CONF_UNSET;
}


static char *
ngx_http_opscom_store_conf_check(ngx_conf_t *cf,
    ngx_opscom_settings_t *settings)
{
    if (settings->cluster && settings->database) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a Redis cluster supports only"
                           " \"opscom_redis_database\" 0");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* The nearest opscom_redis; without a resolver names are resolved now. */

static char *
ngx_http_opscom_store_conf_addresses(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *conf, ngx_opscom_settings_t *settings)
{
    ngx_array_t  *addresses;

    while (conf->settings.addresses == NGX_CONF_UNSET_PTR && conf->outer) {
        conf = conf->outer;
    }

    if (conf->settings.addresses == NGX_CONF_UNSET_PTR) {
        settings->addresses = ngx_http_opscom_store_conf_default(cf);
        return settings->addresses ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    /* kept beside the addresses: other locations may have a resolver */

    if (settings->resolver == NULL && conf->names) {
        settings->addresses = conf->names;
        return NGX_CONF_OK;
    }

    addresses = ngx_http_opscom_store_conf_names(cf, conf->settings.addresses,
                                                 settings->resolver);
    if (addresses == NULL) {
        return NGX_CONF_ERROR;
    }

    if (settings->resolver == NULL) {
        conf->names = addresses;
    }

    settings->addresses = addresses;

    return NGX_CONF_OK;
}


static ngx_array_t *
ngx_http_opscom_store_conf_default(ngx_conf_t *cf)
{
    ngx_array_t           *addresses;
    ngx_opscom_url_t       url;
    ngx_opscom_address_t  *address;
    static ngx_str_t       text = ngx_string("127.0.0.1:6379");

    if (ngx_opscom_address_parse(cf->pool, &text, &url)) {
        return NULL;
    }

    addresses = ngx_array_create(cf->pool, 1, sizeof(ngx_opscom_address_t));
    if (addresses == NULL) {
        return NULL;
    }

    address = ngx_array_push(addresses);
    if (address == NULL) {
        return NULL;
    }

    *address = url.address;

    return addresses;
}


/*
 * As nginx does for itself, each address of a name is used: "localhost" may be
 * ::1 first, where Redis does not listen.
 */

static ngx_array_t *
ngx_http_opscom_store_conf_names(ngx_conf_t *cf, ngx_array_t *addresses,
    ngx_resolver_t *resolver)
{
    char                  *err;
    ngx_uint_t             i;
    ngx_array_t           *found;
    ngx_opscom_address_t  *address, *resolved;

    found = ngx_array_create(cf->pool, addresses->nelts,
                             sizeof(ngx_opscom_address_t));
    if (found == NULL) {
        return NULL;
    }

    address = addresses->elts;

    for (i = 0; i < addresses->nelts; i++) {

        if (ngx_http_opscom_store_conf_is_resolved(&address[i], resolver)) {
            resolved = ngx_array_push(found);
            if (resolved == NULL) {
                return NULL;
            }

            *resolved = address[i];
            continue;
        }

        err = ngx_opscom_address_resolve(cf->pool, &address[i], found);

        if (err) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "%s in \"opscom_redis\" \"%V\"", err,
                               &address[i].text);
            return NULL;
        }
    }

    return found;
}


/* An IP address or a socket, or a name left to the resolver. */

static ngx_uint_t
ngx_http_opscom_store_conf_is_resolved(ngx_opscom_address_t *address,
    ngx_resolver_t *resolver)
{
    static ngx_str_t  localhost = ngx_string("localhost");

    if (address->sockaddr) {
        return 1;
    }

    return resolver && !ngx_opscom_text_equal(&address->host, &localhost);
}


static ngx_opscom_store_t *
ngx_http_opscom_store_conf_create(ngx_conf_t *cf,
    ngx_opscom_settings_t *settings, ngx_array_t *stores)
{
    ngx_opscom_store_t  **store;

#if (NGX_SSL)
    if (settings->tls
        && ngx_http_opscom_tls_create(cf, settings) != NGX_CONF_OK)
    {
        return NULL;
    }
#endif

    store = ngx_array_push(stores);
    if (store == NULL) {
        return NULL;
    }

    *store = ngx_opscom_store_create(cf, settings);

    return *store;
}
