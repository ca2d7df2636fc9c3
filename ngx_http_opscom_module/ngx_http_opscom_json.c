
/* The JSON writer. */


#include "ngx_http_opscom_json.h"


/* An escaped byte takes up to six. */

#define NGX_HTTP_OPSCOM_ESCAPED (sizeof("\\u00XX") - 1)


static void ngx_http_opscom_json_separate(ngx_http_opscom_json_t *json);
static u_char *ngx_http_opscom_json_escape(u_char *p, u_char **data,
    const u_char *last);


/* Printable ASCII without the quote and the backslash. */

static const u_char  ngx_http_opscom_json_plain[256] = {
    [' ' ... '!'] = 1, ['#' ... '['] = 1, [']' ... '~'] = 1
};


void
ngx_http_opscom_json_init(ngx_http_opscom_json_t *json, ngx_pool_t *pool,
    size_t size)
{
    ngx_http_opscom_text_init(&json->text, pool, size);

    json->comma = 0;
}


static void
ngx_http_opscom_json_separate(ngx_http_opscom_json_t *json)
{
    if (json->comma) {
        ngx_http_opscom_text_byte(&json->text, ',');
    }

    json->comma = 1;
}


void
ngx_http_opscom_json_open(ngx_http_opscom_json_t *json, u_char c)
{
    ngx_http_opscom_json_separate(json);
    ngx_http_opscom_text_byte(&json->text, c);

    json->comma = 0;
}


void
ngx_http_opscom_json_close(ngx_http_opscom_json_t *json, u_char c)
{
    ngx_http_opscom_text_byte(&json->text, c);

    json->comma = 1;
}


void
ngx_http_opscom_json_name(ngx_http_opscom_json_t *json, const u_char *data,
    size_t len)
{
    ngx_http_opscom_json_separate(json);
    ngx_http_opscom_json_begin(json);
    ngx_http_opscom_json_piece(json, data, len);
    ngx_http_opscom_json_end(json);
    ngx_http_opscom_text_byte(&json->text, ':');

    json->comma = 0;
}


void
ngx_http_opscom_json_string(ngx_http_opscom_json_t *json,
    const ngx_str_t *text)
{
    ngx_http_opscom_json_separate(json);
    ngx_http_opscom_json_begin(json);
    ngx_http_opscom_json_piece(json, text->data, text->len);
    ngx_http_opscom_json_end(json);
}


void
ngx_http_opscom_json_number(ngx_http_opscom_json_t *json, uint64_t n)
{
    ngx_http_opscom_json_separate(json);
    ngx_http_opscom_text_number(&json->text, n);
}


void
ngx_http_opscom_json_bool(ngx_http_opscom_json_t *json, ngx_uint_t value)
{
    ngx_http_opscom_json_separate(json);

    if (value) {
        ngx_http_opscom_text_literal(&json->text, "true");

    } else {
        ngx_http_opscom_text_literal(&json->text, "false");
    }
}


void
ngx_http_opscom_json_seconds(ngx_http_opscom_json_t *json, uint64_t us)
{
    ngx_http_opscom_json_separate(json);
    ngx_http_opscom_text_seconds(&json->text, us);
}


void
ngx_http_opscom_json_begin(ngx_http_opscom_json_t *json)
{
    ngx_http_opscom_text_byte(&json->text, '"');
}


void
ngx_http_opscom_json_end(ngx_http_opscom_json_t *json)
{
    ngx_http_opscom_text_byte(&json->text, '"');
}


void
ngx_http_opscom_json_piece(ngx_http_opscom_json_t *json, const u_char *data,
    size_t len)
{
    size_t     n;
    u_char    *p;
    ngx_str_t  plain;

    while (len) {

        for (n = 0; n < len && ngx_http_opscom_json_plain[data[n]]; n++) {
            /* void */
        }

        plain.data = (u_char *) data;
        plain.len = n;
        ngx_http_opscom_text_append(&json->text, &plain);

        data += n;
        len -= n;

        if (len == 0
            || ngx_http_opscom_text_reserve(&json->text,
                                            NGX_HTTP_OPSCOM_ESCAPED)
               != NGX_OK)
        {
            return;
        }

        p = (u_char *) data;
        json->text.pos = ngx_http_opscom_json_escape(json->text.pos, &p,
                                                     data + len);
        len -= p - data;
        data = p;
    }
}


/* One character that is not plain ASCII. */

static u_char *
ngx_http_opscom_json_escape(u_char *p, u_char **data, const u_char *last)
{
    u_char  *start;

    start = *data;

    if (*start == '"' || *start == '\\') {
        *p++ = '\\';
        *p++ = *start;
        *data = start + 1;
        return p;
    }

    if (*start < 0x80) {
        *data = start + 1;
        return ngx_sprintf(p, "\\u%04xd", (int) *start);
    }

    if (ngx_utf8_decode(data, last - start) > 0x10ffff) {
        *data = start + 1;
        *p++ = '?';
        return p;
    }

    return ngx_cpymem(p, start, *data - start);
}


ngx_int_t
ngx_http_opscom_json_text(ngx_http_opscom_json_t *json, ngx_str_t *text)
{
    return ngx_http_opscom_text_end(&json->text, text);
}
