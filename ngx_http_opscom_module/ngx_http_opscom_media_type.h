
/* Media types, and the parts that they are made of. */


#ifndef NGX_HTTP_OPSCOM_MEDIA_TYPE_H_INCLUDED
#define NGX_HTTP_OPSCOM_MEDIA_TYPE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* No value that is asked for is as long: "utf-8", "0.0.4", a quality. */

#define NGX_HTTP_OPSCOM_MEDIA_TYPE_VALUE sizeof("utf-8")


typedef struct {
    ngx_str_t  name;
    size_t     len;
    u_char     value[NGX_HTTP_OPSCOM_MEDIA_TYPE_VALUE]; /* its first bytes,
                                                           without quotes */
} ngx_http_opscom_media_type_parameter_t;


/*
 * These read from p to last.  The end of spaces and tabs, and of a token; p
 * where there is none.
 */
u_char *ngx_http_opscom_media_type_space(u_char *p, u_char *last);
u_char *ngx_http_opscom_media_type_token(u_char *p, u_char *last);

/* token "=" ( token / quoted-string ); returns its end, or NULL. */
u_char *ngx_http_opscom_media_type_parameter(u_char *p, u_char *last,
    ngx_http_opscom_media_type_parameter_t *parameter);

/*
 * Whether a Content-Type is application/json in UTF-8: parameters are allowed
 * as RFC 9110, section 5.6.6, defines them, and a charset must be utf-8.
 */
ngx_uint_t ngx_http_opscom_media_type_is_json(ngx_str_t *type);


#endif /* NGX_HTTP_OPSCOM_MEDIA_TYPE_H_INCLUDED */
