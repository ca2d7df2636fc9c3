
/*
 * Permits stored, by source: a client and the label of one of its tokens.  The
 * table stands in shared memory.  Counting takes no lock; a source that is new
 * is added under one, once.  A source never leaves its place, and none is ever
 * removed.
 */


#ifndef NGX_HTTP_OPSCOM_SOURCES_H_INCLUDED
#define NGX_HTTP_OPSCOM_SOURCES_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_OPSCOM_SOURCES       1024
#define NGX_HTTP_OPSCOM_SOURCES_INDEX 2048 /* a power of 2, half of it free */

#define NGX_HTTP_OPSCOM_SOURCES_CLIENT 64
#define NGX_HTTP_OPSCOM_SOURCES_LABEL  256 /* 64 characters of any kind */


typedef struct {
    ngx_atomic_t  permits;
    ngx_atomic_t  last; /* when the last one was stored, seconds since 1970 */
    uint32_t      hash;
    uint16_t      client_len;
    uint16_t      label_len;
    u_char        client[NGX_HTTP_OPSCOM_SOURCES_CLIENT];
    u_char        label[NGX_HTTP_OPSCOM_SOURCES_LABEL];
} ngx_http_opscom_source_t;


typedef struct {
    ngx_shmtx_t              *mutex; /* of the zone; for adding */
    ngx_atomic_t              used;
    ngx_atomic_t              index[NGX_HTTP_OPSCOM_SOURCES_INDEX];
    ngx_http_opscom_source_t  table[NGX_HTTP_OPSCOM_SOURCES];
    ngx_http_opscom_source_t  others; /* those beyond the table, nameless */
} ngx_http_opscom_sources_t;


/*
 * Counts a permit that was stored now, in seconds since 1970.  A label is cut
 * to NGX_HTTP_OPSCOM_SOURCES_LABEL bytes, at the end of a character; labels
 * that are equal so far are one source.  A source that is new while the table
 * is full is counted with the others.
 */
void ngx_http_opscom_sources_count(ngx_http_opscom_sources_t *sources,
    const ngx_str_t *client, const ngx_str_t *label, time_t now);

/*
 * Walks over the sources that have permits: *i is 0 at first.  The others come
 * last, where there are any.  NULL at the end.
 */
ngx_http_opscom_source_t *ngx_http_opscom_sources_next(
    ngx_http_opscom_sources_t *sources, ngx_uint_t *i);


#endif /* NGX_HTTP_OPSCOM_SOURCES_H_INCLUDED */
