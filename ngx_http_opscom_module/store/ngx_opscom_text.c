
/* Comparing texts, and writing text from Redis into a log. */


#include "ngx_opscom_text.h"


ngx_int_t
ngx_opscom_text_equal(ngx_str_t *one, ngx_str_t *other)
{
    return one->len == other->len && ngx_opscom_text_starts_with(one, other);
}


ngx_int_t
ngx_opscom_text_starts_with(ngx_str_t *text, ngx_str_t *start)
{
    if (text->len < start->len) {
        return 0;
    }

    return start->len == 0
           || ngx_memcmp(text->data, start->data, start->len) == 0;
}


ngx_int_t
ngx_opscom_text_has_any(ngx_str_t *text, char *phrases[])
{
    for ( /* void */ ; *phrases; phrases++) {

        if (text->len && ngx_strnstr(text->data, *phrases, text->len)) {
            return 1;
        }
    }

    return 0;
}


size_t
ngx_opscom_text_show(u_char *dst, size_t size, ngx_str_t *text)
{
    u_char  c;
    size_t  i, len;

    len = ngx_min(size, text->len);

    for (i = 0; i < len; i++) {
        c = text->data[i];
        dst[i] = (c < 0x20 || c > 0x7e) ? '?' : c;
    }

    return len;
}
