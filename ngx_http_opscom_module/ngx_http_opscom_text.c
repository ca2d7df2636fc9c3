
/* A text that grows in a pool. */


#include "ngx_http_opscom_text.h"


#define NGX_HTTP_OPSCOM_TEXT_SIZE 64


void
ngx_http_opscom_text_init(ngx_http_opscom_text_t *text, ngx_pool_t *pool,
    size_t size)
{
    ngx_memzero(text, sizeof(ngx_http_opscom_text_t));

    text->pool = pool;

    (void) ngx_http_opscom_text_reserve(text, size);
}


ngx_int_t
ngx_http_opscom_text_reserve(ngx_http_opscom_text_t *text, size_t size)
{
    size_t   used, total;
    u_char  *start;

    if (size <= (size_t) (text->end - text->pos)) {
        return NGX_OK;
    }

    used = text->pos - text->start;
    total = ngx_max(2 * used + NGX_HTTP_OPSCOM_TEXT_SIZE, used + size);

    start = text->failed ? NULL : ngx_pnalloc(text->pool, total);

    if (start == NULL) {
        text->failed = 1;
        return NGX_ERROR;
    }

    if (used) {
        ngx_memcpy(start, text->start, used);
    }

    text->start = start;
    text->pos = start + used;
    text->end = start + total;

    return NGX_OK;
}


void
ngx_http_opscom_text_byte(ngx_http_opscom_text_t *text, u_char c)
{
    if (ngx_http_opscom_text_reserve(text, 1) == NGX_OK) {
        *text->pos++ = c;
    }
}


void
ngx_http_opscom_text_append(ngx_http_opscom_text_t *text,
    const ngx_str_t *bytes)
{
    if (bytes->len
        && ngx_http_opscom_text_reserve(text, bytes->len) == NGX_OK)
    {
        text->pos = ngx_cpymem(text->pos, bytes->data, bytes->len);
    }
}


void
ngx_http_opscom_text_number(ngx_http_opscom_text_t *text, uint64_t n)
{
    if (ngx_http_opscom_text_reserve(text, NGX_INT64_LEN) == NGX_OK) {
        text->pos = ngx_sprintf(text->pos, "%uL", n);
    }
}


void
ngx_http_opscom_text_seconds(ngx_http_opscom_text_t *text, uint64_t us)
{
    if (ngx_http_opscom_text_reserve(text, 2 * NGX_INT64_LEN) == NGX_OK) {
        text->pos = ngx_sprintf(text->pos, "%uL.%06uL", us / 1000000,
                                us % 1000000);
    }
}


ngx_int_t
ngx_http_opscom_text_end(ngx_http_opscom_text_t *text, ngx_str_t *bytes)
{
    bytes->data = text->start;
    bytes->len = text->pos - text->start;

    return text->failed ? NGX_ERROR : NGX_OK;
}
