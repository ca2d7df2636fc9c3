
/* The Content-Type header. */


#ifndef NGX_HTTP_OPSCOM_MEDIA_TYPE_H_INCLUDED
#define NGX_HTTP_OPSCOM_MEDIA_TYPE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Whether a Content-Type is application/json in UTF-8: parameters are allowed
 * as RFC 9110, section 5.6.6, defines them, and a charset must be utf-8.
 */
ngx_uint_t ngx_http_opscom_media_type_is_json(ngx_str_t *type);


#endif /* NGX_HTTP_OPSCOM_MEDIA_TYPE_H_INCLUDED */
