
/* By which settings stores differ: where Redis is and how to connect to it. */


#ifndef NGX_OPSCOM_SETTINGS_H_INCLUDED
#define NGX_OPSCOM_SETTINGS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_address.h"


/*
 * Strings and arrays live as long as the configuration.  Two equal settings
 * make one store.
 */

typedef struct {
    ngx_array_t     *addresses; /* of ngx_opscom_address_t, at least one */
    ngx_str_t        username;
    ngx_str_t        password; /* empty: no AUTH */
    ngx_uint_t       database;
    ngx_uint_t       connections; /* for each worker and node, at least 1 */
    ngx_msec_t       connect_timeout;
    ngx_msec_t       timeout; /* of one attempt */
    ngx_msec_t       retry;   /* 0: a call is sent once */
    ngx_uint_t       queue;   /* calls in flight or waiting, per worker */
    ngx_uint_t       replicas; /* to be waited for after a write; 0: none */
    ngx_msec_t       replicas_time;
    ngx_flag_t       cluster;
    ngx_str_t        sentinel; /* the master's name; empty: no sentinels */
    ngx_resolver_t  *resolver; /* NULL: names were resolved at start */
    ngx_msec_t       resolver_timeout;
#if (NGX_SSL)
    ngx_flag_t  tls;
    ngx_ssl_t  *ssl; /* NULL: plain TCP; made of the four below */
    ngx_str_t   server_name; /* empty: the host of the address */
    ngx_str_t   trusted;     /* files, to distinguish settings */
    ngx_str_t   certificate;
    ngx_str_t   certificate_key;
#endif
} ngx_opscom_settings_t;


/* Whether two settings mean the same store; "ssl" is not compared. */
ngx_int_t ngx_opscom_settings_equal(
    ngx_opscom_settings_t *one, ngx_opscom_settings_t *other);


#endif /* NGX_OPSCOM_SETTINGS_H_INCLUDED */
