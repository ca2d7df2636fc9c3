
/* Addresses of Redis servers, as operators write them. */


#ifndef NGX_OPSCOM_ADDRESS_H_INCLUDED
#define NGX_OPSCOM_ADDRESS_H_INCLUDED


#include "ngx_opscom_store.h"


/* What a URL may say besides the address. */

typedef struct {
    ngx_opscom_address_t address;
    ngx_str_t            username;
    ngx_str_t            password;
    ngx_int_t            database; /* NGX_CONF_UNSET: not said */
    ngx_flag_t           tls;      /* rediss:// */
} ngx_opscom_url_t;


/*
 * Reads host:port, unix:/path, redis://[user[:password]@]host[:port][/db] or
 * rediss://...; a missing port is 6379.  Names are not resolved here.  Returns
 * NULL, or what is wrong: never with a password in it.
 */
char *ngx_opscom_address_parse(
    ngx_pool_t *pool, ngx_str_t *text, ngx_opscom_url_t *url);

/*
 * Resolves a name, in the foreground: for the start.  Adds to an array of
 * ngx_opscom_address_t what was asked for, once with each address of the name.
 * NULL, or what is wrong.
 */
char *ngx_opscom_address_resolve(
    ngx_pool_t *pool, ngx_opscom_address_t *address, ngx_array_t *found);


#endif /* NGX_OPSCOM_ADDRESS_H_INCLUDED */
