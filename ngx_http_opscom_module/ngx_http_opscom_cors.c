
/* Cross-origin requests. */


#include "ngx_http_opscom_cors.h"
#include "ngx_http_opscom_headers.h"

#include "store/ngx_opscom_text.h"


#define NGX_HTTP_OPSCOM_CORS_DIGITS  "0123456789"
#define NGX_HTTP_OPSCOM_CORS_NAME                                             \
    NGX_HTTP_OPSCOM_CORS_DIGITS "abcdefghijklmnopqrstuvwxyz-."
#define NGX_HTTP_OPSCOM_CORS_IPV6    NGX_HTTP_OPSCOM_CORS_DIGITS "abcdef:."


static ngx_str_t *ngx_http_opscom_cors_origin(ngx_http_request_t *r,
    ngx_array_t *origins);
static ngx_uint_t ngx_http_opscom_cors_is_any(ngx_array_t *origins);
static ngx_int_t ngx_http_opscom_cors_add(ngx_http_request_t *r, char *name,
    char *value);
static char *ngx_http_opscom_cors_host(char *p);


ngx_int_t
ngx_http_opscom_cors_headers(ngx_http_request_t *r, ngx_array_t *origins)
{
    ngx_str_t        *origin;
    static ngx_str_t  name = ngx_string("Access-Control-Allow-Origin");

    if (!ngx_http_opscom_cors_is_any(origins)
        && ngx_http_opscom_cors_add(r, "Vary", "Origin") != NGX_OK)
    {
        return NGX_ERROR;
    }

    origin = ngx_http_opscom_cors_origin(r, origins);

    if (origin == NULL) {
        return NGX_OK;
    }

    if (ngx_http_opscom_headers_add(r, &name, origin) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_opscom_cors_add(r, "Access-Control-Expose-Headers",
                                    "Idempotency-Replayed, Retry-After");
}


ngx_int_t
ngx_http_opscom_cors_preflight(ngx_http_request_t *r, ngx_array_t *origins)
{
    if (ngx_http_opscom_cors_origin(r, origins) == NULL) {
        return NGX_OK;
    }

    if (ngx_http_opscom_cors_add(r, "Access-Control-Allow-Methods", "POST")
            != NGX_OK
        || ngx_http_opscom_cors_add(r, "Access-Control-Allow-Headers",
                                    "Content-Type, Accept, Cache-Control,"
                                    " Idempotency-Key")
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_opscom_cors_add(r, "Access-Control-Max-Age", "86400");
}


/* The value of Access-Control-Allow-Origin, or NULL. */

static ngx_str_t *
ngx_http_opscom_cors_origin(ngx_http_request_t *r, ngx_array_t *origins)
{
    ngx_str_t        *allowed;
    ngx_uint_t        i, count;
    ngx_table_elt_t  *origin;
    static ngx_str_t  name = ngx_string("origin");

    allowed = origins->elts;

    if (ngx_http_opscom_cors_is_any(origins)) {
        return &allowed[0];
    }

    origin = ngx_http_opscom_headers_find(r, &name, &count);

    if (origin == NULL) {
        return NULL;
    }

    for (i = 0; i < origins->nelts; i++) {

        if (ngx_opscom_text_equal(&allowed[i], &origin->value)) {
            return &allowed[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_opscom_cors_is_any(ngx_array_t *origins)
{
    ngx_str_t  *allowed;

    allowed = origins->elts;

    return allowed[0].len == 1 && allowed[0].data[0] == '*';
}


static ngx_int_t
ngx_http_opscom_cors_add(ngx_http_request_t *r, char *name, char *value)
{
    ngx_str_t  n, v;

    n.data = (u_char *) name;
    n.len = ngx_strlen(name);

    v.data = (u_char *) value;
    v.len = ngx_strlen(value);

    return ngx_http_opscom_headers_add(r, &n, &v);
}


ngx_uint_t
ngx_http_opscom_cors_is_origin(ngx_str_t *text)
{
    char    *p;
    size_t   n;

    p = (char *) text->data;
    n = strspn(p, NGX_HTTP_OPSCOM_CORS_NAME "+");

    if (n == 0 || ngx_strncmp(p + n, "://", 3) != 0) {
        return 0;
    }

    p = ngx_http_opscom_cors_host(p + n + 3);

    if (p == NULL || *p == '\0') {
        return p != NULL;
    }

    n = strspn(p + 1, NGX_HTTP_OPSCOM_CORS_DIGITS);

    return *p == ':' && n > 0 && p[n + 1] == '\0';
}


/* Returns its end, or NULL where there is none. */

static char *
ngx_http_opscom_cors_host(char *p)
{
    size_t  n;

    if (*p == '[') {
        p += strspn(p + 1, NGX_HTTP_OPSCOM_CORS_IPV6) + 1;

        return *p == ']' ? p + 1 : NULL;
    }

    n = strspn(p, NGX_HTTP_OPSCOM_CORS_NAME "_");

    return n ? p + n : NULL;
}
