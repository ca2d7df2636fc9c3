
/* Comparing texts, and writing text from Redis into a log. */


#ifndef NGX_OPSCOM_TEXT_H_INCLUDED
#define NGX_OPSCOM_TEXT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* At most so many bytes from Redis are written into one line of the log. */

#define NGX_OPSCOM_TEXT_SHOWN 256


ngx_int_t ngx_opscom_text_equal(ngx_str_t *one, ngx_str_t *other);
ngx_int_t ngx_opscom_text_starts_with(ngx_str_t *text, ngx_str_t *start);

/* Whether it has one of the phrases, which end with NULL, anywhere. */
ngx_int_t ngx_opscom_text_has_any(ngx_str_t *text, char *phrases[]);

/*
 * Copies at most size bytes of a text in a form that is fit for a log: "?"
 * stands for each byte that is not printable ASCII.  Returns the length of the
 * copy, which has no zero byte at its end.
 */
size_t ngx_opscom_text_show(u_char *dst, size_t size, ngx_str_t *text);


#endif /* NGX_OPSCOM_TEXT_H_INCLUDED */
