
/* The TLS context of a store, from its settings. */


#ifndef NGX_HTTP_OPSCOM_TLS_H_INCLUDED
#define NGX_HTTP_OPSCOM_TLS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/ngx_opscom_store.h"


#if (NGX_SSL)

/*
 * Makes settings->ssl of the files in the settings; it lives as long as the
 * configuration.  NGX_CONF_OK, or NGX_CONF_ERROR after logging the reason.
 */
char *ngx_http_opscom_tls_create(ngx_conf_t *cf,
    ngx_opscom_settings_t *settings);

#endif


#endif /* NGX_HTTP_OPSCOM_TLS_H_INCLUDED */
