
/* A text that grows in a pool. */


#ifndef NGX_HTTP_OPSCOM_TEXT_H_INCLUDED
#define NGX_HTTP_OPSCOM_TEXT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* pos to end may be written; after a failure appending has no effect. */

typedef struct {
    ngx_pool_t  *pool;
    u_char      *start;
    u_char      *pos;
    u_char      *end;
    ngx_uint_t   failed; /* without memory */
} ngx_http_opscom_text_t;


/* Starts an empty text; size is a hint. */
void ngx_http_opscom_text_init(ngx_http_opscom_text_t *text, ngx_pool_t *pool,
    size_t size);

/* Makes space for size more bytes.  NGX_ERROR without memory. */
ngx_int_t ngx_http_opscom_text_reserve(ngx_http_opscom_text_t *text,
    size_t size);

/* Append a byte, and bytes. */
void ngx_http_opscom_text_byte(ngx_http_opscom_text_t *text, u_char c);
void ngx_http_opscom_text_append(ngx_http_opscom_text_t *text,
    const ngx_str_t *bytes);

#define ngx_http_opscom_text_literal(text, bytes)                             \
    do {                                                                      \
        static const ngx_str_t  literal = ngx_string(bytes);                  \
        ngx_http_opscom_text_append(text, &literal);                          \
    } while (0)

/* Append a number, and a number of seconds given in microseconds. */
void ngx_http_opscom_text_number(ngx_http_opscom_text_t *text, uint64_t n);
void ngx_http_opscom_text_seconds(ngx_http_opscom_text_t *text, uint64_t us);

/* What was written, in place.  NGX_ERROR where something was left out. */
ngx_int_t ngx_http_opscom_text_end(ngx_http_opscom_text_t *text,
    ngx_str_t *bytes);


#endif /* NGX_HTTP_OPSCOM_TEXT_H_INCLUDED */
