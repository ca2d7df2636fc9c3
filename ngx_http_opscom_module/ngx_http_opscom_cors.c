
/* Cross-origin requests, by the Fetch standard, section 3.2. */


#include "ngx_http_opscom_answer.h"


static ngx_str_t *ngx_http_opscom_cors_origin(
    ngx_http_request_t *r, ngx_http_opscom_loc_conf_t *olcf);
static ngx_uint_t ngx_http_opscom_cors_any(ngx_http_opscom_loc_conf_t *olcf);
static ngx_int_t  ngx_http_opscom_cors_add(
     ngx_http_request_t *r, char *name, char *value);


static ngx_str_t ngx_http_opscom_allow_origin = ngx_string(
    "Access-Control-Allow-Origin");


ngx_int_t
ngx_http_opscom_cors_headers(
    ngx_http_request_t *r, ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_str_t *origin;

    if (!ngx_http_opscom_cors_any(olcf)
        && ngx_http_opscom_cors_add(r, "Vary", "Origin") != NGX_OK)
    {
        return NGX_ERROR;
    }

    origin = ngx_http_opscom_cors_origin(r, olcf);

    if (origin == NULL) {
        return NGX_OK;
    }

    if (ngx_http_opscom_add_header(r, &ngx_http_opscom_allow_origin, origin)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_opscom_cors_add(r, "Access-Control-Expose-Headers",
        "Idempotency-Replayed, Retry-After");
}


ngx_int_t
ngx_http_opscom_cors_preflight(
    ngx_http_request_t *r, ngx_http_opscom_loc_conf_t *olcf)
{
    if (ngx_http_opscom_cors_origin(r, olcf) == NULL) {
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


/* What Access-Control-Allow-Origin says, or NULL. */

static ngx_str_t *
ngx_http_opscom_cors_origin(
    ngx_http_request_t *r, ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_str_t       *origins;
    ngx_uint_t       i, count;
    ngx_table_elt_t *origin;
    static ngx_str_t name = ngx_string("origin");

    origins = olcf->cors_origins->elts;

    if (ngx_http_opscom_cors_any(olcf)) {
        return &origins[0];
    }

    origin = ngx_http_opscom_find_header(r, &name, &count);

    if (origin == NULL) {
        return NULL;
    }

    for (i = 0; i < olcf->cors_origins->nelts; i++) {

        if (origins[i].len == origin->value.len
            && ngx_strncmp(origins[i].data, origin->value.data, origins[i].len)
                == 0)
        {
            return &origins[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_opscom_cors_any(ngx_http_opscom_loc_conf_t *olcf)
{
    ngx_str_t *origins;

    origins = olcf->cors_origins->elts;

    return origins[0].len == 1 && origins[0].data[0] == '*';
}


static ngx_int_t
ngx_http_opscom_cors_add(ngx_http_request_t *r, char *name, char *value)
{
    ngx_str_t n, v;

    n.data = (u_char *) name;
    n.len = ngx_strlen(name);

    v.data = (u_char *) value;
    v.len = ngx_strlen(value);

    return ngx_http_opscom_add_header(r, &n, &v);
}


ngx_table_elt_t *
ngx_http_opscom_find_header(
    ngx_http_request_t *r, ngx_str_t *name, ngx_uint_t *count)
{
    ngx_uint_t       i;
    ngx_list_part_t *part;
    ngx_table_elt_t *headers, *found;

    found = NULL;
    *count = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        headers = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (headers[i].key.len != name->len
                || ngx_strncmp(headers[i].lowcase_key, name->data, name->len)
                    != 0)
            {
                continue;
            }

            if ((*count)++ == 0) {
                found = &headers[i];
            }
        }
    }

    return found;
}
