
/* The TLS context of a store, from its settings. */


#include "ngx_http_opscom_tls.h"


#if (NGX_SSL)


static void ngx_http_opscom_tls_cleanup(void *data);


char *
ngx_http_opscom_tls_create(ngx_conf_t *cf, ngx_opscom_settings_t *settings)
{
    ngx_str_t            trusted;
    ngx_pool_cleanup_t  *cln;

    settings->ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (settings->ssl == NULL) {
        return NGX_CONF_ERROR;
    }

    settings->ssl->log = cf->log;

    if (ngx_ssl_create(settings->ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_http_opscom_tls_cleanup(settings->ssl);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_opscom_tls_cleanup;
    cln->data = settings->ssl;

    if (settings->certificate.len
        && ngx_ssl_certificate(cf, settings->ssl, &settings->certificate,
                               &settings->certificate_key, NULL)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    trusted = settings->trusted;

    if (trusted.len) {
        return ngx_ssl_trusted_certificate(cf, settings->ssl, &trusted, 4)
               == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    /* the system's own authorities */

    if (SSL_CTX_set_default_verify_paths(settings->ssl->ctx) != 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "cannot load the system's certificate authorities:"
                           " \"opscom_redis_tls_ca\" is required");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_opscom_tls_cleanup(void *data)
{
    ngx_ssl_cleanup_ctx(data);
}

#endif
