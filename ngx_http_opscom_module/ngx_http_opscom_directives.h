
/*
 * The setters of directives.  Each is the "set" of an ngx_command_t: it
 * returns NGX_CONF_OK, what is wrong, or NGX_CONF_ERROR after logging that.
 */


#ifndef NGX_HTTP_OPSCOM_DIRECTIVES_H_INCLUDED
#define NGX_HTTP_OPSCOM_DIRECTIVES_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* What a directive with a single number, time or size accepts. */

typedef struct {
    char *(*set)(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
    const char  *accepted; /* for messages */
    const char  *if_zero;  /* the error for 0; NULL: 0 is accepted */
    ngx_uint_t   or_off;   /* 1: "off" is accepted, and means 0 */
    uint64_t     most;     /* in the unit of the slot; 0: no limit */
} ngx_http_opscom_value_t;


/* The post is the ngx_http_opscom_endpoint_t. */
char *ngx_http_opscom_directives_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* The post is an ngx_http_opscom_value_t. */
char *ngx_http_opscom_directives_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_opscom_directives_health(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_opscom_directives_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_opscom_directives_currencies(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_opscom_directives_cors_origin(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_opscom_directives_prefix(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_opscom_directives_stream_fields(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


#endif /* NGX_HTTP_OPSCOM_DIRECTIVES_H_INCLUDED */
