
/* From the merged directives of a location to the store that they mean. */


#include "ngx_http_opscom_directives.h"
#include "store/ngx_opscom_address.h"


#define NGX_HTTP_OPSCOM_MAX_PASSWORD 1024


static char *ngx_http_opscom_deployment_password(
    ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *conf);
static char *ngx_http_opscom_deployment_names(
    ngx_conf_t *cf, ngx_opscom_settings_t *settings);
static ngx_uint_t ngx_http_opscom_deployment_is_known(
    ngx_opscom_settings_t *settings, ngx_opscom_address_t *address);

#if (NGX_SSL)
static char *ngx_http_opscom_deployment_tls(
    ngx_conf_t *cf, ngx_opscom_settings_t *settings);
static void ngx_http_opscom_deployment_tls_cleanup(void *data);
#endif


char *
ngx_http_opscom_deployment(ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *conf)
{
    ngx_uint_t                   i;
    ngx_opscom_store_t         **stores, *store;
    ngx_opscom_settings_t        settings;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_opscom_main_conf_t *omcf;

    if (conf->password_file.len
        && ngx_http_opscom_deployment_password(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&settings, sizeof(ngx_opscom_settings_t));

    settings.addresses = conf->redis;
    settings.username = conf->username.len ? conf->username
                                           : conf->url_username;
    settings.password = conf->password.len ? conf->password
                                           : conf->url_password;
    settings.database = conf->database;
    settings.connections = conf->connections;
    settings.connect_timeout = conf->connect_timeout;
    settings.timeout = conf->timeout;
    settings.queue = conf->queue;
    settings.cluster = conf->cluster;
    settings.sentinel = conf->sentinel;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->resolver && clcf->resolver->connections.nelts) {
        settings.resolver = clcf->resolver;
        settings.resolver_timeout = clcf->resolver_timeout;
    }

    if (ngx_http_opscom_deployment_names(cf, &settings) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

#if (NGX_SSL)
    settings.verify = conf->tls;
    settings.server_name = conf->tls_server_name;
    settings.trusted = conf->tls_ca;
    settings.certificate = conf->tls_certificate;
    settings.certificate_key = conf->tls_certificate_key;
#endif

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_opscom_module);
    stores = omcf->stores.elts;

    for (i = 0; i < omcf->stores.nelts; i++) {

        if (ngx_opscom_settings_equal(
                ngx_opscom_store_settings(stores[i]), &settings)) {
            conf->store = stores[i];
            return NGX_CONF_OK;
        }
    }

#if (NGX_SSL)
    if (conf->tls
        && ngx_http_opscom_deployment_tls(cf, &settings) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }
#endif

    store = ngx_opscom_store_create(cf, &settings);
    if (store == NULL) {
        return NGX_CONF_ERROR;
    }

    stores = ngx_array_push(&omcf->stores);
    if (stores == NULL) {
        return NGX_CONF_ERROR;
    }

    *stores = store;
    conf->store = store;

    return NGX_CONF_OK;
}


/* The first line of the file. */

static char *
ngx_http_opscom_deployment_password(
    ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *conf)
{
    u_char   *p;
    ssize_t   n;
    ngx_fd_t  fd;
    ngx_str_t file;
    u_char    text[NGX_HTTP_OPSCOM_MAX_PASSWORD];

    file = conf->password_file;

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(file.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
            ngx_open_file_n " \"%V\" failed", &file);
        return NGX_CONF_ERROR;
    }

    n = ngx_read_fd(fd, text, sizeof(text));

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
            ngx_close_file_n " \"%V\" failed", &file);
    }

    if (n < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
            ngx_read_fd_n " \"%V\" failed", &file);
        return NGX_CONF_ERROR;
    }

    for (p = text; p < text + n && *p != LF && *p != CR; p++) {
        /* void */
    }

    if (p == text || p == text + sizeof(text)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "the first line of \"%V\" is no password", &file);
        return NGX_CONF_ERROR;
    }

    conf->password.len = p - text;
    conf->password.data = ngx_pnalloc(cf->pool, conf->password.len);

    if (conf->password.data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(conf->password.data, text, conf->password.len);
    ngx_explicit_memzero(text, sizeof(text));

    return NGX_CONF_OK;
}


/*
 * Without a resolver, names are looked up once, as nginx does by itself, and
 * each of their addresses is tried in turn: "localhost" may be ::1 first, where
 * Redis does not listen.
 */

static char *
ngx_http_opscom_deployment_names(
    ngx_conf_t *cf, ngx_opscom_settings_t *settings)
{
    char                 *wrong;
    ngx_uint_t            i;
    ngx_array_t           found;
    ngx_opscom_address_t *address, *known;

    if (ngx_array_init(&found, cf->pool, settings->addresses->nelts,
            sizeof(ngx_opscom_address_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    address = settings->addresses->elts;

    for (i = 0; i < settings->addresses->nelts; i++) {

        if (ngx_http_opscom_deployment_is_known(settings, &address[i])) {
            known = ngx_array_push(&found);
            if (known == NULL) {
                return NGX_CONF_ERROR;
            }

            *known = address[i];
            continue;
        }

        wrong = ngx_opscom_address_resolve(cf->pool, &address[i], &found);

        if (wrong) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "%s in \"opscom_redis\" \"%V\"", wrong, &address[i].text);
            return NGX_CONF_ERROR;
        }
    }

    /* in place: the locations that share the directive share the answer */

    *settings->addresses = found;

    return NGX_CONF_OK;
}


/* An IP address or a socket, or a name that the resolver sees to. */

static ngx_uint_t
ngx_http_opscom_deployment_is_known(
    ngx_opscom_settings_t *settings, ngx_opscom_address_t *address)
{
    static ngx_str_t here = ngx_string("localhost");

    if (address->sockaddr) {
        return 1;
    }

    return settings->resolver
        && (address->host.len != here.len
            || ngx_strncmp(address->host.data, here.data, here.len) != 0);
}


#if (NGX_SSL)

static char *
ngx_http_opscom_deployment_tls(ngx_conf_t *cf, ngx_opscom_settings_t *settings)
{
    ngx_str_t           trusted;
    ngx_pool_cleanup_t *cln;

    settings->ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (settings->ssl == NULL) {
        return NGX_CONF_ERROR;
    }

    settings->ssl->log = cf->log;

    if (ngx_ssl_create(settings->ssl, NGX_SSL_TLSv1_2 | NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_http_opscom_deployment_tls_cleanup(settings->ssl);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_opscom_deployment_tls_cleanup;
    cln->data = settings->ssl;

    if (settings->certificate.len
        && ngx_ssl_certificate(cf, settings->ssl, &settings->certificate,
               &settings->certificate_key, NULL)
            != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    trusted = settings->trusted;

    if (trusted.len == 0) {

        /* the system's own authorities */

        if (SSL_CTX_set_default_verify_paths(settings->ssl->ctx) != 1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "the system has no certificate authorities:"
                " \"opscom_redis_tls_ca\" is needed");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (ngx_ssl_trusted_certificate(cf, settings->ssl, &trusted, 4) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_opscom_deployment_tls_cleanup(void *data)
{
    ngx_ssl_cleanup_ctx(data);
}

#endif
