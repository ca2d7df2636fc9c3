
/* Bytes on their way to Redis: one block that grows. */


#include "ngx_opscom_out.h"


#define NGX_OPSCOM_OUT_FIRST 16384
#define NGX_OPSCOM_OUT_KEEP  65536


ngx_int_t
ngx_opscom_out_reserve(ngx_opscom_out_t *out, size_t size, ngx_log_t *log)
{
    size_t   used, total;
    u_char  *start;

    if ((size_t) (out->end - out->last) >= size) {
        return NGX_OK;
    }

    used = out->last - out->pos;
    total = out->end - out->start;

    /* moving pays where at least half of the memory is free */

    if (used + size <= total / 2) {
        ngx_memmove(out->start, out->pos, used);
        out->pos = out->start;
        out->last = out->start + used;
        return NGX_OK;
    }

    total = ngx_max(total, NGX_OPSCOM_OUT_FIRST);

    while (total < (used + size) * 2) {
        total *= 2;
    }

    start = ngx_alloc(total, log);
    if (start == NULL) {
        return NGX_ERROR;
    }

    if (out->start) {
        ngx_memcpy(start, out->pos, used);
        ngx_free(out->start);
    }

    out->start = start;
    out->pos = start;
    out->last = start + used;
    out->end = start + total;

    return NGX_OK;
}


void
ngx_opscom_out_sent(ngx_opscom_out_t *out, size_t n)
{
    out->pos += n;

    if (out->pos == out->last) {
        out->pos = out->start;
        out->last = out->start;
    }
}


void
ngx_opscom_out_trim(ngx_opscom_out_t *out)
{
    if (out->pos == out->last && out->end - out->start > NGX_OPSCOM_OUT_KEEP) {
        ngx_opscom_out_free(out);
    }
}


void
ngx_opscom_out_free(ngx_opscom_out_t *out)
{
    if (out->start) {
        ngx_free(out->start);
    }

    ngx_memzero(out, sizeof(ngx_opscom_out_t));
}
