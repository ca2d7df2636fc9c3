
/*
 * The status as a page for browsers: the files of page/, which are embedded
 * when the module is built, and the metrics between them.
 */


#include "ngx_http_opscom_headers.h"
#include "ngx_http_opscom_page.h"
#include "ngx_http_opscom_page_html.h"
#include "ngx_http_opscom_text.h"


#define ngx_http_opscom_page_str(bytes)  { sizeof(bytes) - 1, bytes }


static void ngx_http_opscom_page_data(ngx_http_opscom_text_t *text,
    const ngx_str_t *json);
static ngx_int_t ngx_http_opscom_page_headers(ngx_http_request_t *r);


ngx_int_t
ngx_http_opscom_page(ngx_http_request_t *r, const ngx_str_t *json,
    ngx_str_t *body)
{
    ngx_http_opscom_text_t  text;

    static const ngx_str_t  before =
        ngx_http_opscom_page_str(ngx_http_opscom_page_before);
    static const ngx_str_t  after =
        ngx_http_opscom_page_str(ngx_http_opscom_page_after);

    ngx_http_opscom_text_init(&text, r->pool,
                              before.len + json->len + after.len);

    ngx_http_opscom_text_append(&text, &before);
    ngx_http_opscom_page_data(&text, json);
    ngx_http_opscom_text_append(&text, &after);

    if (ngx_http_opscom_text_end(&text, body) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_opscom_page_headers(r);
}


/* A "<", which only strings have, could end the element around the data. */

static void
ngx_http_opscom_page_data(ngx_http_opscom_text_t *text, const ngx_str_t *json)
{
    u_char     *p, *last;
    ngx_str_t   piece;

    last = json->data + json->len;

    for (piece.data = json->data; piece.data < last; piece.data = p + 1) {
        p = ngx_strlchr(piece.data, last, '<');
        piece.len = (p ? p : last) - piece.data;

        ngx_http_opscom_text_append(text, &piece);

        if (p == NULL) {
            break;
        }

        ngx_http_opscom_text_literal(text, "\\u003c");
    }
}


static ngx_int_t
ngx_http_opscom_page_headers(ngx_http_request_t *r)
{
    ngx_uint_t  i;

    static ngx_str_t  headers[][2] = {
        { ngx_string("Content-Security-Policy"),
          ngx_http_opscom_page_str(ngx_http_opscom_page_policy) },
        { ngx_string("X-Content-Type-Options"), ngx_string("nosniff") },
        { ngx_string("Referrer-Policy"), ngx_string("no-referrer") },
    };

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {

        if (ngx_http_opscom_headers_add(r, &headers[i][0], &headers[i][1])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
