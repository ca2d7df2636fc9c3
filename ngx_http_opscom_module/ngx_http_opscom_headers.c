
/* Request and response headers by name. */


#include "ngx_http_opscom_headers.h"


ngx_table_elt_t *
ngx_http_opscom_headers_find(ngx_http_request_t *r, ngx_str_t *name,
    ngx_uint_t *count)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *headers, *found;

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


ngx_uint_t
ngx_http_opscom_headers_has(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *headers;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        headers = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (headers[i].hash && headers[i].key.len == name->len
                && ngx_strncasecmp(headers[i].key.data, name->data, name->len)
                   == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}


ngx_int_t
ngx_http_opscom_headers_add(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key = *name;
    h->value = *value;

    return NGX_OK;
}
