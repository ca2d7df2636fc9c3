
/* The form of the status that a client prefers: the Accept header. */


#include "ngx_http_opscom_accept.h"
#include "ngx_http_opscom_media_type.h"


/* Qualities are thousandths: three digits are allowed. */

#define NGX_HTTP_OPSCOM_ACCEPT_BEST 1000


/* What parameters a range has, besides the quality. */

#define NGX_HTTP_OPSCOM_ACCEPT_UTF8    0x1 /* charset=utf-8 */
#define NGX_HTTP_OPSCOM_ACCEPT_VERSION 0x2 /* version=0.0.4 */
#define NGX_HTTP_OPSCOM_ACCEPT_OTHER   0x4
#define NGX_HTTP_OPSCOM_ACCEPT_ALL     0x7


/* How closely a range names a type. */

typedef enum {
    NGX_HTTP_OPSCOM_ACCEPT_NOT,
    NGX_HTTP_OPSCOM_ACCEPT_ANYTHING, /* any type */
    NGX_HTTP_OPSCOM_ACCEPT_GROUP,    /* any subtype */
    NGX_HTTP_OPSCOM_ACCEPT_TYPE,
    NGX_HTTP_OPSCOM_ACCEPT_EXACT     /* with parameters */
} ngx_http_opscom_accept_match_t;


typedef struct {
    ngx_str_t   type;    /* "*" or a name */
    ngx_str_t   subtype;
    ngx_uint_t  parameters;
    ngx_uint_t  quality;
} ngx_http_opscom_accept_range_t;


/* A type that the status has. */

typedef struct {
    ngx_http_opscom_status_format_t  format;
    ngx_str_t                        type;
    ngx_str_t                        subtype;
    ngx_uint_t                       needs; /* of a range's parameters */
    ngx_uint_t                       takes;
    ngx_uint_t                       named; /* 1: wildcards do not mean it */
} ngx_http_opscom_accept_type_t;


/* What was found for a type: the closest range decides its quality. */

typedef struct {
    ngx_http_opscom_accept_match_t  match;
    ngx_uint_t                      quality;
} ngx_http_opscom_accept_found_t;


static void ngx_http_opscom_accept_header(ngx_str_t *value,
    ngx_http_opscom_accept_found_t *found);
static u_char *ngx_http_opscom_accept_range(u_char *p, u_char *last,
    ngx_http_opscom_accept_range_t *range);
static u_char *ngx_http_opscom_accept_parameters(u_char *p, u_char *last,
    ngx_http_opscom_accept_range_t *range);
static ngx_uint_t ngx_http_opscom_accept_parameter(
    ngx_http_opscom_media_type_parameter_t *parameter);
static ngx_int_t ngx_http_opscom_accept_quality(
    ngx_http_opscom_media_type_parameter_t *parameter);
static u_char *ngx_http_opscom_accept_skip(u_char *p, u_char *last);
static void ngx_http_opscom_accept_apply(
    ngx_http_opscom_accept_range_t *range,
    ngx_http_opscom_accept_found_t *found);
static ngx_http_opscom_accept_match_t ngx_http_opscom_accept_match(
    ngx_http_opscom_accept_range_t *range,
    const ngx_http_opscom_accept_type_t *type);
static ngx_uint_t ngx_http_opscom_accept_is(const ngx_str_t *text,
    const ngx_str_t *name);
static ngx_http_opscom_status_format_t ngx_http_opscom_accept_choose(
    ngx_http_opscom_accept_found_t *found);


static const ngx_http_opscom_accept_type_t  ngx_http_opscom_accept_types[] = {

    { NGX_HTTP_OPSCOM_STATUS_HTML, ngx_string("text"), ngx_string("html"),
      0, NGX_HTTP_OPSCOM_ACCEPT_UTF8, 0 },

    { NGX_HTTP_OPSCOM_STATUS_JSON, ngx_string("application"),
      ngx_string("json"), 0, NGX_HTTP_OPSCOM_ACCEPT_UTF8, 0 },

    { NGX_HTTP_OPSCOM_STATUS_PROMETHEUS, ngx_string("text"),
      ngx_string("plain"), NGX_HTTP_OPSCOM_ACCEPT_VERSION,
      NGX_HTTP_OPSCOM_ACCEPT_ALL, 1 },

    { NGX_HTTP_OPSCOM_STATUS_PROMETHEUS, ngx_string("application"),
      ngx_string("openmetrics-text"), 0, NGX_HTTP_OPSCOM_ACCEPT_ALL, 1 },
};

#define NGX_HTTP_OPSCOM_ACCEPT_TYPES                                          \
    (sizeof(ngx_http_opscom_accept_types)                                     \
     / sizeof(ngx_http_opscom_accept_types[0]))


static const ngx_str_t  ngx_http_opscom_accept_any = ngx_string("*");


ngx_http_opscom_status_format_t
ngx_http_opscom_accept(ngx_http_request_t *r)
{
    ngx_uint_t                       i;
    ngx_list_part_t                 *part;
    ngx_table_elt_t                 *headers;
    static const ngx_str_t           accept = ngx_string("accept");
    ngx_http_opscom_accept_found_t   found[NGX_HTTP_OPSCOM_ACCEPT_TYPES];

    ngx_memzero(found, sizeof(found));

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        headers = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_opscom_accept_is(&headers[i].key, &accept)) {
                ngx_http_opscom_accept_header(&headers[i].value, found);
            }
        }
    }

    return ngx_http_opscom_accept_choose(found);
}


static void
ngx_http_opscom_accept_header(ngx_str_t *value,
    ngx_http_opscom_accept_found_t *found)
{
    u_char                          *p, *end, *last;
    ngx_http_opscom_accept_range_t   range;

    p = value->data;
    last = p + value->len;

    while (p < last) {

        if (*p == ',' || *p == ' ' || *p == '\t') {
            p++;
            continue;
        }

        end = ngx_http_opscom_accept_range(p, last, &range);

        if (end) {
            ngx_http_opscom_accept_apply(&range, found);
            p = end;
            continue;
        }

        p = ngx_http_opscom_accept_skip(p, last);
    }
}


/* One element of the list; returns its end, or NULL. */

static u_char *
ngx_http_opscom_accept_range(u_char *p, u_char *last,
    ngx_http_opscom_accept_range_t *range)
{
    u_char  *end;

    end = ngx_http_opscom_media_type_token(p, last);

    if (end == p || end == last || *end != '/') {
        return NULL;
    }

    range->type.data = p;
    range->type.len = end - p;

    p = end + 1;
    end = ngx_http_opscom_media_type_token(p, last);

    if (end == p) {
        return NULL;
    }

    range->subtype.data = p;
    range->subtype.len = end - p;

    if (ngx_http_opscom_accept_is(&range->type, &ngx_http_opscom_accept_any)
        && !ngx_http_opscom_accept_is(&range->subtype,
                                      &ngx_http_opscom_accept_any))
    {
        return NULL;
    }

    return ngx_http_opscom_accept_parameters(end, last, range);
}


/* What follows the quality are extensions of older RFCs, without a meaning. */

static u_char *
ngx_http_opscom_accept_parameters(u_char *p, u_char *last,
    ngx_http_opscom_accept_range_t *range)
{
    ngx_int_t                               quality;
    static const ngx_str_t                  q = ngx_string("q");
    ngx_http_opscom_media_type_parameter_t  parameter;

    quality = NGX_ERROR;
    range->parameters = 0;

    for ( ;; ) {
        p = ngx_http_opscom_media_type_space(p, last);

        if (p == last || *p == ',') {
            break;
        }

        if (*p != ';') {
            return NULL;
        }

        p = ngx_http_opscom_media_type_space(p + 1, last);

        if (p == last || *p == ';' || *p == ',') {
            continue;
        }

        p = ngx_http_opscom_media_type_parameter(p, last, &parameter);

        if (p == NULL) {
            return NULL;
        }

        if (quality != NGX_ERROR) {
            continue;
        }

        if (!ngx_http_opscom_accept_is(&parameter.name, &q)) {
            range->parameters |= ngx_http_opscom_accept_parameter(&parameter);
            continue;
        }

        quality = ngx_http_opscom_accept_quality(&parameter);

        if (quality == NGX_ERROR) {
            return NULL;
        }
    }

    range->quality = quality == NGX_ERROR ? NGX_HTTP_OPSCOM_ACCEPT_BEST
                                          : (ngx_uint_t) quality;
    return p;
}


static ngx_uint_t
ngx_http_opscom_accept_parameter(
    ngx_http_opscom_media_type_parameter_t *parameter)
{
    ngx_uint_t  i;
    ngx_str_t   value;

    static const struct {
        ngx_uint_t  bit;
        ngx_str_t   name;
        ngx_str_t   value;
    } known[] = {
        { NGX_HTTP_OPSCOM_ACCEPT_UTF8, ngx_string("charset"),
          ngx_string("utf-8") },
        { NGX_HTTP_OPSCOM_ACCEPT_VERSION, ngx_string("version"),
          ngx_string("0.0.4") },
    };

    value.data = parameter->value;
    value.len = parameter->len;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {

        if (ngx_http_opscom_accept_is(&parameter->name, &known[i].name)
            && ngx_http_opscom_accept_is(&value, &known[i].value))
        {
            return known[i].bit;
        }
    }

    return NGX_HTTP_OPSCOM_ACCEPT_OTHER;
}


/* "0" or "1", and up to three digits behind a point: at most one. */

static ngx_int_t
ngx_http_opscom_accept_quality(
    ngx_http_opscom_media_type_parameter_t *parameter)
{
    size_t     i;
    u_char    *value;
    ngx_int_t  quality, digit;

    value = parameter->value;

    if (parameter->len == 0 || parameter->len > sizeof("0.123") - 1
        || value[0] < '0' || value[0] > '1'
        || (parameter->len > 1 && value[1] != '.'))
    {
        return NGX_ERROR;
    }

    digit = NGX_HTTP_OPSCOM_ACCEPT_BEST;
    quality = (value[0] - '0') * digit;

    for (i = 2; i < parameter->len; i++) {

        if (value[i] < '0' || value[i] > '9') {
            return NGX_ERROR;
        }

        digit /= 10;
        quality += (value[i] - '0') * digit;
    }

    return quality > NGX_HTTP_OPSCOM_ACCEPT_BEST ? NGX_ERROR : quality;
}


/* The comma behind a broken element, or the end. */

static u_char *
ngx_http_opscom_accept_skip(u_char *p, u_char *last)
{
    ngx_uint_t  quoted;

    quoted = 0;

    for ( /* void */ ; p < last && (quoted || *p != ','); p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (*p == '\\' && quoted && p + 1 < last) {
            p++;
        }
    }

    return p;
}


static void
ngx_http_opscom_accept_apply(ngx_http_opscom_accept_range_t *range,
    ngx_http_opscom_accept_found_t *found)
{
    ngx_uint_t                      i;
    ngx_http_opscom_accept_match_t  match;

    for (i = 0; i < NGX_HTTP_OPSCOM_ACCEPT_TYPES; i++) {
        match = ngx_http_opscom_accept_match(range,
                                             &ngx_http_opscom_accept_types[i]);

        if (match == NGX_HTTP_OPSCOM_ACCEPT_NOT || match < found[i].match) {
            continue;
        }

        if (match > found[i].match || range->quality > found[i].quality) {
            found[i].match = match;
            found[i].quality = range->quality;
        }
    }
}


static ngx_http_opscom_accept_match_t
ngx_http_opscom_accept_match(ngx_http_opscom_accept_range_t *range,
    const ngx_http_opscom_accept_type_t *type)
{
    const ngx_str_t  *any;

    any = &ngx_http_opscom_accept_any;

    if (ngx_http_opscom_accept_is(&range->type, any)) {
        return type->named ? NGX_HTTP_OPSCOM_ACCEPT_NOT
                           : NGX_HTTP_OPSCOM_ACCEPT_ANYTHING;
    }

    if (!ngx_http_opscom_accept_is(&range->type, &type->type)) {
        return NGX_HTTP_OPSCOM_ACCEPT_NOT;
    }

    if (ngx_http_opscom_accept_is(&range->subtype, any)) {
        return type->named ? NGX_HTTP_OPSCOM_ACCEPT_NOT
                           : NGX_HTTP_OPSCOM_ACCEPT_GROUP;
    }

    if (!ngx_http_opscom_accept_is(&range->subtype, &type->subtype)
        || (range->parameters & type->needs) != type->needs
        || (range->parameters & ~type->takes) != 0)
    {
        return NGX_HTTP_OPSCOM_ACCEPT_NOT;
    }

    return range->parameters ? NGX_HTTP_OPSCOM_ACCEPT_EXACT
                             : NGX_HTTP_OPSCOM_ACCEPT_TYPE;
}


static ngx_uint_t
ngx_http_opscom_accept_is(const ngx_str_t *text, const ngx_str_t *name)
{
    return text->len == name->len
           && ngx_strncasecmp(text->data, name->data, name->len) == 0;
}


/* The quality comes first; parameters make nothing more wanted. */

static ngx_http_opscom_status_format_t
ngx_http_opscom_accept_choose(ngx_http_opscom_accept_found_t *found)
{
    ngx_uint_t                       i, rank, html, prometheus, json;
    ngx_http_opscom_status_format_t  format;
    ngx_uint_t                       ranks[NGX_HTTP_OPSCOM_STATUS_FORMATS];

    ngx_memzero(ranks, sizeof(ranks));

    for (i = 0; i < NGX_HTTP_OPSCOM_ACCEPT_TYPES; i++) {

        if (found[i].quality == 0) {
            continue;
        }

        rank = found[i].quality * NGX_HTTP_OPSCOM_ACCEPT_EXACT
               + ngx_min(found[i].match, NGX_HTTP_OPSCOM_ACCEPT_TYPE);

        format = ngx_http_opscom_accept_types[i].format;
        ranks[format] = ngx_max(ranks[format], rank);
    }

    html = ranks[NGX_HTTP_OPSCOM_STATUS_HTML];
    prometheus = ranks[NGX_HTTP_OPSCOM_STATUS_PROMETHEUS];
    json = ranks[NGX_HTTP_OPSCOM_STATUS_JSON];

    if (html > json && html >= prometheus) {
        return NGX_HTTP_OPSCOM_STATUS_HTML;
    }

    return prometheus && prometheus >= json
               ? NGX_HTTP_OPSCOM_STATUS_PROMETHEUS
               : NGX_HTTP_OPSCOM_STATUS_JSON;
}
