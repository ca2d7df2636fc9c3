
/* Media types, by RFC 9110, sections 5.6 and 8.3. */


#include "ngx_http_opscom_media_type.h"


static u_char *ngx_http_opscom_media_type_quoted(u_char *p, u_char *last,
    ngx_http_opscom_media_type_parameter_t *parameter);
static void ngx_http_opscom_media_type_append(
    ngx_http_opscom_media_type_parameter_t *parameter, u_char c);
static ngx_uint_t ngx_http_opscom_media_type_is_accepted(
    ngx_http_opscom_media_type_parameter_t *parameter);


ngx_uint_t
ngx_http_opscom_media_type_is_json(ngx_str_t *type)
{
    u_char                                  *p, *last;
    static ngx_str_t                         json =
                                                ngx_string("application/json");
    ngx_http_opscom_media_type_parameter_t   parameter;

    if (type->len < json.len
        || ngx_strncasecmp(type->data, json.data, json.len) != 0)
    {
        return 0;
    }

    last = type->data + type->len;
    p = ngx_http_opscom_media_type_space(type->data + json.len, last);

    while (p < last) {

        if (*p != ';') {
            return 0;
        }

        p = ngx_http_opscom_media_type_space(p + 1, last);

        if (p == last || *p == ';') {
            continue;
        }

        p = ngx_http_opscom_media_type_parameter(p, last, &parameter);

        if (p == NULL || !ngx_http_opscom_media_type_is_accepted(&parameter)) {
            return 0;
        }

        p = ngx_http_opscom_media_type_space(p, last);
    }

    return 1;
}


u_char *
ngx_http_opscom_media_type_space(u_char *p, u_char *last)
{
    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p;
}


u_char *
ngx_http_opscom_media_type_token(u_char *p, u_char *last)
{
    u_char  c;

    for ( /* void */ ; p < last; p++) {
        c = ngx_tolower(*p);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')
            && (c <= ' ' || c >= 0x7f
                || ngx_strchr("!#$%&'*+-.^_`|~", c) == NULL))
        {
            break;
        }
    }

    return p;
}


u_char *
ngx_http_opscom_media_type_parameter(u_char *p, u_char *last,
    ngx_http_opscom_media_type_parameter_t *parameter)
{
    u_char  *end;

    end = ngx_http_opscom_media_type_token(p, last);

    parameter->name.data = p;
    parameter->name.len = end - p;
    parameter->len = 0;

    if (end == p || end == last || *end != '=') {
        return NULL;
    }

    p = end + 1;

    if (p < last && *p == '"') {
        return ngx_http_opscom_media_type_quoted(p + 1, last, parameter);
    }

    end = ngx_http_opscom_media_type_token(p, last);

    if (end == p) {
        return NULL;
    }

    while (p < end) {
        ngx_http_opscom_media_type_append(parameter, *p++);
    }

    return end;
}


static u_char *
ngx_http_opscom_media_type_quoted(u_char *p, u_char *last,
    ngx_http_opscom_media_type_parameter_t *parameter)
{
    for ( /* void */ ; p < last && *p != '"'; p++) {

        if (*p == '\\' && ++p == last) {
            return NULL;
        }

        if ((*p < ' ' && *p != '\t') || *p == 0x7f) {
            return NULL;
        }

        ngx_http_opscom_media_type_append(parameter, *p);
    }

    return p < last ? p + 1 : NULL;
}


static void
ngx_http_opscom_media_type_append(
    ngx_http_opscom_media_type_parameter_t *parameter, u_char c)
{
    if (parameter->len < NGX_HTTP_OPSCOM_MEDIA_TYPE_VALUE) {
        parameter->value[parameter->len++] = c;
    }
}


static ngx_uint_t
ngx_http_opscom_media_type_is_accepted(
    ngx_http_opscom_media_type_parameter_t *parameter)
{
    static ngx_str_t  charset = ngx_string("charset");
    static ngx_str_t  utf8 = ngx_string("utf-8");

    if (parameter->name.len != charset.len
        || ngx_strncasecmp(parameter->name.data, charset.data, charset.len)
           != 0)
    {
        return 1;
    }

    return parameter->len == utf8.len
           && ngx_strncasecmp(parameter->value, utf8.data, utf8.len) == 0;
}
