
/* Header and body filter of all responses in locations with a handler. */


#ifndef NGX_HTTP_OPSCOM_FILTER_H_INCLUDED
#define NGX_HTTP_OPSCOM_FILTER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Installs the filters: they add the common headers, count the request, and
 * turn an error that nginx itself makes (413 of client_max_body_size, 503 of
 * limit_req, 403 of deny ...) into JSON.
 */
void ngx_http_opscom_filter_init(void);


#endif /* NGX_HTTP_OPSCOM_FILTER_H_INCLUDED */
