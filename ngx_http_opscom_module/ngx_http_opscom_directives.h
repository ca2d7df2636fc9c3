
/*
 * The values of directives, checked when the configuration is read.  Each
 * function is the "set" of an ngx_command_t: it returns NGX_CONF_OK, or what
 * is wrong, or NGX_CONF_ERROR when it has said that itself.
 */


#ifndef NGX_HTTP_OPSCOM_DIRECTIVES_H_INCLUDED
#define NGX_HTTP_OPSCOM_DIRECTIVES_H_INCLUDED


#include "ngx_http_opscom_module.h"


char *ngx_http_opscom_push(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_update(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_delete(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_health(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_currencies(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_cors_origin(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_wait_replicas(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_prefix(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* nginx's own setters, but for what is said of a wrong value. */
char *ngx_http_opscom_number(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_size(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* For these: bounds that the value must keep. */
char *ngx_http_opscom_positive(ngx_conf_t *cf, void *post, void *data);
char *ngx_http_opscom_positive_time(ngx_conf_t *cf, void *post, void *data);

/* <value>|off, where off is 0. */
char *ngx_http_opscom_msec_or_off(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_sec_or_off(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_number_or_off(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* ngx_http_opscom_deployment.c */

/*
 * Finds or makes the store that a location's merged settings speak of.
 * Returns NGX_CONF_OK or NGX_CONF_ERROR, having said why.
 */
char *ngx_http_opscom_deployment(
    ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *conf);


#endif /* NGX_HTTP_OPSCOM_DIRECTIVES_H_INCLUDED */
