
/*
 * The setters of directives about Redis that take more than a value; each is
 * the "set" of an ngx_command_t.
 */


#ifndef NGX_HTTP_OPSCOM_REDIS_H_INCLUDED
#define NGX_HTTP_OPSCOM_REDIS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* opscom_redis: addresses and URLs. */
char *ngx_http_opscom_redis_addresses(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* opscom_redis_password_file: the password is read immediately. */
char *ngx_http_opscom_redis_password_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* opscom_wait_replicas */
char *ngx_http_opscom_redis_wait_replicas(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* NGX_HTTP_OPSCOM_REDIS_H_INCLUDED */
