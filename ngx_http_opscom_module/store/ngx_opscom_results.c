
/*
 * Replies of the scripts.  Their contents reach logs, headers and bodies: a
 * label that is not plain text is left out, and a reply with an invalid
 * reference ID is an error.
 */


#include "ngx_opscom_results.h"
#include "ngx_opscom_text.h"


/* {verdict, whether it wrote, reference ID, label, ...} */

typedef struct {
    ngx_opscom_verdict_t  verdict;
    ngx_uint_t            wrote;
    ngx_str_t            *reference_id;
    ngx_str_t            *label;
} ngx_opscom_header_t;


static ngx_int_t ngx_opscom_results_read(ngx_opscom_reply_t *reply,
    ngx_str_t *reference_id, ngx_opscom_header_t *header);
static ngx_int_t ngx_opscom_results_written(ngx_opscom_reply_t *reply,
    ngx_str_t *reference_id, ngx_opscom_result_t *result, ngx_pool_t *pool);
static ngx_int_t ngx_opscom_results_label(ngx_str_t *label, u_char *data,
    size_t len, ngx_pool_t *pool);
static ngx_int_t ngx_opscom_results_copy(ngx_str_t *copy, u_char *data,
    size_t len, ngx_pool_t *pool);
static size_t ngx_opscom_results_utf8(u_char *p, u_char *last);
static ngx_uint_t ngx_opscom_results_is_plain(u_char *data, size_t len);
static ngx_uint_t ngx_opscom_results_is_reference_id(ngx_str_t *id);
static ngx_uint_t ngx_opscom_results_is_string(ngx_opscom_reply_t *reply,
    ngx_uint_t i);
static ngx_int_t ngx_opscom_results_json(ngx_str_t *json, ngx_str_t *text,
    ngx_pool_t *pool);
static u_char *ngx_opscom_results_skip_ascii(u_char *p, u_char *last);


ngx_int_t
ngx_opscom_results_write(ngx_opscom_reply_t *reply, ngx_str_t *reference_id,
    ngx_opscom_result_t *result, ngx_pool_t *pool)
{
    ngx_str_t           *other;
    ngx_opscom_header_t  header;

    ngx_memzero(result, sizeof(ngx_opscom_result_t));

    if (reply->type == REDIS_REPLY_STRING) {
        return ngx_opscom_results_written(reply, reference_id, result, pool);
    }

    if (ngx_opscom_results_read(reply, reference_id, &header) != NGX_OK) {
        return NGX_ERROR;
    }

    result->verdict = header.verdict;

    if (header.verdict == NGX_OPSCOM_UNAUTHORIZED) {
        return NGX_DECLINED;
    }

    if (header.verdict == NGX_OPSCOM_TOO_MANY) {
        return NGX_ERROR;
    }

    if (ngx_opscom_results_label(&result->label, header.label->data,
                                 header.label->len, pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (header.verdict == NGX_OPSCOM_REPLAYED) {

        if (!ngx_opscom_results_is_string(reply, 4)) {
            return NGX_ERROR;
        }

        other = &reply->elts[4]->text;

        if (!ngx_opscom_results_is_reference_id(other)
            || ngx_opscom_results_copy(&result->reference_id, other->data,
                                       other->len, pool)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return header.wrote ? NGX_OK : NGX_DECLINED;
}


/* "<reference ID> <label>": the reply unless there is more to report. */

static ngx_int_t
ngx_opscom_results_written(ngx_opscom_reply_t *reply, ngx_str_t *reference_id,
    ngx_opscom_result_t *result, ngx_pool_t *pool)
{
    ngx_str_t  *text;

    text = &reply->text;

    if (text->len <= reference_id->len
        || text->data[reference_id->len] != ' '
        || ngx_memcmp(text->data, reference_id->data, reference_id->len) != 0)
    {
        return NGX_ERROR;
    }

    result->verdict = NGX_OPSCOM_WRITTEN;

    return ngx_opscom_results_label(&result->label,
                                    text->data + reference_id->len + 1,
                                    text->len - reference_id->len - 1, pool);
}


static ngx_int_t
ngx_opscom_results_read(ngx_opscom_reply_t *reply, ngx_str_t *reference_id,
    ngx_opscom_header_t *header)
{
    ngx_opscom_reply_t  *verdict, *wrote;

    if (reply->type != REDIS_REPLY_ARRAY || reply->nelts == 0) {
        return NGX_ERROR;
    }

    verdict = reply->elts[0];

    if (verdict->type != REDIS_REPLY_INTEGER || verdict->integer < 0
        || verdict->integer >= NGX_OPSCOM_REFUSED)
    {
        return NGX_ERROR;
    }

    header->verdict = verdict->integer;

    if (header->verdict == NGX_OPSCOM_UNAUTHORIZED) {
        return reply->nelts == 1 ? NGX_OK : NGX_ERROR;
    }

    if (!ngx_opscom_results_is_string(reply, 2)
        || !ngx_opscom_results_is_string(reply, 3))
    {
        return NGX_ERROR;
    }

    wrote = reply->elts[1];
    header->reference_id = &reply->elts[2]->text;
    header->label = &reply->elts[3]->text;

    if (wrote->type != REDIS_REPLY_INTEGER
        || !ngx_opscom_text_equal(header->reference_id, reference_id))
    {
        return NGX_ERROR;
    }

    header->wrote = wrote->integer != 0;

    return NGX_OK;
}


ngx_int_t
ngx_opscom_results_pushes(ngx_opscom_reply_t *reply, ngx_str_t *reference_ids,
    ngx_uint_t n, ngx_opscom_result_t *results, ngx_pool_t *pool)
{
    ngx_int_t            rc, wrote;
    ngx_uint_t           i;
    ngx_opscom_reply_t  *each;

    ngx_memzero(results, n * sizeof(ngx_opscom_result_t));

    if (reply->type != REDIS_REPLY_ARRAY || reply->nelts == 0) {
        return NGX_ERROR;
    }

    /* {0}: none has a token */

    if (reply->nelts == 1 && reply->elts[0]->type == REDIS_REPLY_INTEGER) {
        return reply->elts[0]->integer == 0 ? NGX_DECLINED : NGX_ERROR;
    }

    if (reply->nelts != n) {
        return NGX_ERROR;
    }

    wrote = NGX_DECLINED;

    for (i = 0; i < n; i++) {
        each = reply->elts[i];

        if (each->type == REDIS_REPLY_ERROR) {
            results[i].verdict = NGX_OPSCOM_REFUSED;
            rc = ngx_opscom_results_copy(&results[i].reason, each->text.data,
                                         each->text.len, pool);
            if (rc != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        rc = ngx_opscom_results_write(each, &reference_ids[i], &results[i],
                                      pool);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            wrote = NGX_OK;
        }
    }

    return wrote;
}


ngx_int_t
ngx_opscom_results_lookup(ngx_opscom_reply_t *reply, ngx_str_t *asked,
    ngx_opscom_found_t *found, ngx_pool_t *pool)
{
    ngx_opscom_header_t  header;

    ngx_memzero(found, sizeof(ngx_opscom_found_t));

    if (ngx_opscom_results_read(reply, asked, &header) != NGX_OK) {
        return NGX_ERROR;
    }

    found->verdict = header.verdict;

    if (header.verdict == NGX_OPSCOM_UNAUTHORIZED) {
        return NGX_DECLINED;
    }

    if (ngx_opscom_results_label(&found->label, header.label->data,
                                 header.label->len, pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (header.verdict == NGX_OPSCOM_NOT_FOUND
        || header.verdict == NGX_OPSCOM_TOO_MANY)
    {
        return NGX_DECLINED;
    }

    if (header.verdict != NGX_OPSCOM_WRITTEN
        || !ngx_opscom_results_is_string(reply, 4)
        || !ngx_opscom_results_is_string(reply, 5)
        || !ngx_opscom_results_is_string(reply, 6))
    {
        return NGX_ERROR;
    }

    found->valid = reply->elts[5]->text.len != 0;
    found->more = reply->elts[6]->text.len != 0;

    return ngx_opscom_results_json(&found->permits, &reply->elts[4]->text, pool)
           == NGX_OK ? NGX_DECLINED : NGX_ERROR;
}


/*
 * cjson escapes what JSON wants escaped, and passes bytes that are no UTF-8:
 * each becomes U+FFFD, which is three bytes.
 */

static ngx_int_t
ngx_opscom_results_json(ngx_str_t *json, ngx_str_t *text, ngx_pool_t *pool)
{
    size_t      n;
    u_char     *p, *last, *to;
    ngx_uint_t  bad;

    if (text->len < 2 || text->data[0] != '['
        || text->data[text->len - 1] != ']')
    {
        return NGX_ERROR;
    }

    p = text->data;
    last = p + text->len;
    bad = 0;

    while ((p = ngx_opscom_results_skip_ascii(p, last)) < last) {
        n = ngx_opscom_results_utf8(p, last);
        bad += n == 0;
        p += n ? n : 1;
    }

    if (bad == 0) {
        *json = *text;
        return NGX_OK;
    }

    to = ngx_pnalloc(pool, text->len + 2 * bad);
    if (to == NULL) {
        return NGX_ERROR;
    }

    json->data = to;

    for (p = text->data; p < last; p += n ? n : 1) {
        n = ngx_opscom_results_utf8(p, last);
        to = n ? ngx_cpymem(to, p, n) : ngx_cpymem(to, "\xef\xbf\xbd", 3);
    }

    json->len = to - json->data;

    return NGX_OK;
}


/* Nearly all of a long text is ASCII: eight bytes at a time. */

static u_char *
ngx_opscom_results_skip_ascii(u_char *p, u_char *last)
{
    uint64_t  word;

    while ((size_t) (last - p) >= sizeof(word)) {
        ngx_memcpy(&word, p, sizeof(word));

        if (word & 0x8080808080808080) {
            break;
        }

        p += sizeof(word);
    }

    while (p < last && *p < 0x80) {
        p++;
    }

    return p;
}


/* How many bytes the character at p takes; 0: it is not UTF-8. */

static size_t
ngx_opscom_results_utf8(u_char *p, u_char *last)
{
    u_char      c;
    size_t      i, n;
    ngx_uint_t  low, high;

    c = *p;

    if (c < 0x80) {
        return 1;
    }

    n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (c < 0xc2 || c > 0xf4 || (size_t) (last - p) < n) {
        return 0;
    }

    /* neither longer than needed, nor a surrogate, nor above U+10FFFF */

    low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;

    if (p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


/* The permit is stored whatever the label is: if not text, it is left out. */

static ngx_int_t
ngx_opscom_results_label(ngx_str_t *label, u_char *data, size_t len,
    ngx_pool_t *pool)
{
    if (!ngx_opscom_results_is_plain(data, len)) {
        ngx_str_set(label, "");
        return NGX_OK;
    }

    return ngx_opscom_results_copy(label, data, len, pool);
}


static ngx_int_t
ngx_opscom_results_copy(ngx_str_t *copy, u_char *data, size_t len,
    ngx_pool_t *pool)
{
    copy->data = ngx_pnalloc(pool, len ? len : 1);
    if (copy->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy->data, data, len);
    copy->len = len;

    return NGX_OK;
}


/* UTF-8 without control characters, so that it may stand in a header. */

static ngx_uint_t
ngx_opscom_results_is_plain(u_char *data, size_t len)
{
    size_t   n;
    u_char  *p, *last;

    last = data + len;

    for (p = data; p < last; p += n) {
        n = ngx_opscom_results_utf8(p, last);

        if (n == 0 || *p < 0x20 || *p == 0x7f
            || (*p == 0xc2 && p[1] < 0xa0))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_opscom_results_is_reference_id(ngx_str_t *id)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < id->len; i++) {
        c = id->data[i];

        if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
            && c != '-')
        {
            return 0;
        }
    }

    return id->len != 0 && id->len <= NGX_OPSCOM_MAX_REFERENCE_ID;
}


static ngx_uint_t
ngx_opscom_results_is_string(ngx_opscom_reply_t *reply, ngx_uint_t i)
{
    return reply->nelts > i && reply->elts[i]->type == REDIS_REPLY_STRING;
}
