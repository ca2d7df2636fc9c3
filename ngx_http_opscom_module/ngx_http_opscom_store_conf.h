
/*
 * From the directives about Redis to a store: where each setting comes from is
 * resolved here and nowhere else.
 */


#ifndef NGX_HTTP_OPSCOM_STORE_CONF_H_INCLUDED
#define NGX_HTTP_OPSCOM_STORE_CONF_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "store/ngx_opscom_store.h"


typedef struct ngx_http_opscom_store_conf_s ngx_http_opscom_store_conf_t;

/*
 * The directives of one level of the configuration.  In both settings a string
 * that is not given has no data, a number or pointer that is not given is
 * NGX_CONF_UNSET or the like until it is merged.
 *
 * Addresses, database, TLS, user name and password are never merged: they are
 * looked up from the nearest level outwards, in each level first in the
 * directives and then in the URLs, when a store is made.  An address hides the
 * URLs further out.
 */
struct ngx_http_opscom_store_conf_s {
    ngx_opscom_settings_t          settings;
    ngx_opscom_settings_t          urls;  /* said by URLs of opscom_redis */
    ngx_array_t                   *names; /* addresses, resolved at start */
    ngx_http_opscom_store_conf_t  *outer; /* the next level further out */
};


void ngx_http_opscom_store_conf_init(ngx_http_opscom_store_conf_t *conf);

/*
 * Merges the settings that have one source.  NGX_CONF_OK, or NGX_CONF_ERROR
 * after logging the reason.
 */
char *ngx_http_opscom_store_conf_merge(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *prev, ngx_http_opscom_store_conf_t *conf);

/*
 * Finds the store of a merged level among stores, of ngx_opscom_store_t *, or
 * makes it and adds it.  Replicas are not waited for where waits is 0.  NULL
 * after logging the reason.
 */
ngx_opscom_store_t *ngx_http_opscom_store_conf_store(ngx_conf_t *cf,
    ngx_http_opscom_store_conf_t *conf, ngx_array_t *stores,
    ngx_uint_t waits);


#endif /* NGX_HTTP_OPSCOM_STORE_CONF_H_INCLUDED */
