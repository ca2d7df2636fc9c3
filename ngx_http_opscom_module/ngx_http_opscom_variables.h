
/* $opscom_client and the like, for log_format, map and add_header. */


#ifndef NGX_HTTP_OPSCOM_VARIABLES_H_INCLUDED
#define NGX_HTTP_OPSCOM_VARIABLES_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Adds the variables to the configuration; NGX_ERROR without memory. */
ngx_int_t ngx_http_opscom_variables_init(ngx_conf_t *cf);


#endif /* NGX_HTTP_OPSCOM_VARIABLES_H_INCLUDED */
