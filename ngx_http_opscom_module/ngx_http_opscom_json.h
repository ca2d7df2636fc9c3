
/*
 * The JSON writer: every JSON text of the module comes from here, so that
 * strings are escaped and the structure is well-formed.
 */


#ifndef NGX_HTTP_OPSCOM_JSON_H_INCLUDED
#define NGX_HTTP_OPSCOM_JSON_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_opscom_text.h"


typedef struct {
    ngx_http_opscom_text_t  text;
    ngx_uint_t              comma; /* 1: before the next name or value */
} ngx_http_opscom_json_t;


/* Starts an empty text; size is a hint. */
void ngx_http_opscom_json_init(ngx_http_opscom_json_t *json, ngx_pool_t *pool,
    size_t size);

/* "{" or "[", and the matching "}" or "]". */
void ngx_http_opscom_json_open(ngx_http_opscom_json_t *json, u_char c);
void ngx_http_opscom_json_close(ngx_http_opscom_json_t *json, u_char c);

/* The name of the next member. */
void ngx_http_opscom_json_name(ngx_http_opscom_json_t *json,
    const u_char *data, size_t len);

#define ngx_http_opscom_json_member(json, name)                               \
    ngx_http_opscom_json_name(json, (const u_char *) name, sizeof(name) - 1)

/* Values.  A string may be any bytes: invalid UTF-8 becomes "?". */
void ngx_http_opscom_json_string(ngx_http_opscom_json_t *json,
    const ngx_str_t *text);
void ngx_http_opscom_json_number(ngx_http_opscom_json_t *json, uint64_t n);
void ngx_http_opscom_json_bool(ngx_http_opscom_json_t *json, ngx_uint_t value);

/* A number of seconds, given in microseconds. */
void ngx_http_opscom_json_seconds(ngx_http_opscom_json_t *json, uint64_t us);

/*
 * A string in pieces: begin, any number of pieces, end.  A character of
 * several bytes must not be split.
 */
void ngx_http_opscom_json_begin(ngx_http_opscom_json_t *json);
void ngx_http_opscom_json_piece(ngx_http_opscom_json_t *json,
    const u_char *data, size_t len);
void ngx_http_opscom_json_end(ngx_http_opscom_json_t *json);

/* The text, in place; NGX_ERROR without memory. */
ngx_int_t ngx_http_opscom_json_text(ngx_http_opscom_json_t *json,
    ngx_str_t *text);


#endif /* NGX_HTTP_OPSCOM_JSON_H_INCLUDED */
