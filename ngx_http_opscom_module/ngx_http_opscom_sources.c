
/* Permits stored, by source, in shared memory. */


#include "ngx_http_opscom_sources.h"


/* What a source is found by. */

typedef struct {
    ngx_str_t  client;
    ngx_str_t  label;
    uint32_t   hash;
} ngx_http_opscom_sources_key_t;


static void ngx_http_opscom_sources_key(ngx_http_opscom_sources_key_t *key,
    const ngx_str_t *client, const ngx_str_t *label);
static void ngx_http_opscom_sources_cut(ngx_str_t *text, size_t limit);
static ngx_http_opscom_source_t *ngx_http_opscom_sources_find(
    ngx_http_opscom_sources_t *sources, ngx_http_opscom_sources_key_t *key,
    ngx_uint_t *place);
static ngx_uint_t ngx_http_opscom_sources_is(ngx_http_opscom_source_t *source,
    ngx_http_opscom_sources_key_t *key);
static ngx_http_opscom_source_t *ngx_http_opscom_sources_add(
    ngx_http_opscom_sources_t *sources, ngx_http_opscom_sources_key_t *key);
static ngx_http_opscom_source_t *ngx_http_opscom_sources_insert(
    ngx_http_opscom_sources_t *sources, ngx_http_opscom_sources_key_t *key,
    ngx_uint_t place);


void
ngx_http_opscom_sources_count(ngx_http_opscom_sources_t *sources,
    const ngx_str_t *client, const ngx_str_t *label, time_t now)
{
    ngx_uint_t                      place;
    ngx_http_opscom_source_t       *source;
    ngx_http_opscom_sources_key_t   key;

    ngx_http_opscom_sources_key(&key, client, label);

    source = ngx_http_opscom_sources_find(sources, &key, &place);

    if (source == NULL) {
        source = ngx_http_opscom_sources_add(sources, &key);
    }

    /* workers may differ by a second: that is precise enough */

    if (source->last < (ngx_atomic_uint_t) now) {
        source->last = (ngx_atomic_uint_t) now;
    }

    (void) ngx_atomic_fetch_add(&source->permits, 1);
}


static void
ngx_http_opscom_sources_key(ngx_http_opscom_sources_key_t *key,
    const ngx_str_t *client, const ngx_str_t *label)
{
    static const ngx_str_t  none = ngx_string("");

    /* memcpy() and memcmp() must not be given a NULL, not even of 0 bytes */

    key->client = *client;
    key->label = label->len ? *label : none;

    ngx_http_opscom_sources_cut(&key->client, NGX_HTTP_OPSCOM_SOURCES_CLIENT);
    ngx_http_opscom_sources_cut(&key->label, NGX_HTTP_OPSCOM_SOURCES_LABEL);

    key->hash = ngx_murmur_hash2(key->client.data, key->client.len) * 31
                + ngx_murmur_hash2(key->label.data, key->label.len);
}


/* UTF-8 is not cut inside a character. */

static void
ngx_http_opscom_sources_cut(ngx_str_t *text, size_t limit)
{
    if (text->len <= limit) {
        return;
    }

    while (limit && (text->data[limit] & 0xc0) == 0x80) {
        limit--;
    }

    text->len = limit;
}


/*
 * The source, or NULL and the place in the index where it would stand.  The
 * index is never full, so that the search ends.
 */

static ngx_http_opscom_source_t *
ngx_http_opscom_sources_find(ngx_http_opscom_sources_t *sources,
    ngx_http_opscom_sources_key_t *key, ngx_uint_t *place)
{
    ngx_uint_t                 i, n;
    ngx_http_opscom_source_t  *source;

    for (i = key->hash; /* void */ ; i++) {
        i &= NGX_HTTP_OPSCOM_SOURCES_INDEX - 1;
        n = sources->index[i];

        if (n == 0) {
            *place = i;
            return NULL;
        }

        source = &sources->table[n - 1];

        if (ngx_http_opscom_sources_is(source, key)) {
            return source;
        }
    }
}


static ngx_uint_t
ngx_http_opscom_sources_is(ngx_http_opscom_source_t *source,
    ngx_http_opscom_sources_key_t *key)
{
    return source->hash == key->hash
           && source->client_len == key->client.len
           && source->label_len == key->label.len
           && ngx_memcmp(source->client, key->client.data, key->client.len)
              == 0
           && ngx_memcmp(source->label, key->label.data, key->label.len) == 0;
}


static ngx_http_opscom_source_t *
ngx_http_opscom_sources_add(ngx_http_opscom_sources_t *sources,
    ngx_http_opscom_sources_key_t *key)
{
    ngx_uint_t                 place;
    ngx_http_opscom_source_t  *source;

    /* no lock for what will not be added */

    if (sources->used == NGX_HTTP_OPSCOM_SOURCES) {
        return &sources->others;
    }

    ngx_shmtx_lock(sources->mutex);

    /* another worker may have added it meanwhile */

    source = ngx_http_opscom_sources_find(sources, key, &place);

    if (source == NULL) {
        source = ngx_http_opscom_sources_insert(sources, key, place);
    }

    ngx_shmtx_unlock(sources->mutex);

    return source;
}


/*
 * The index comes last, behind a barrier: others see a source when it is
 * complete.  A worker that is killed before that wastes a place in the table.
 */

static ngx_http_opscom_source_t *
ngx_http_opscom_sources_insert(ngx_http_opscom_sources_t *sources,
    ngx_http_opscom_sources_key_t *key, ngx_uint_t place)
{
    ngx_uint_t                 n;
    ngx_http_opscom_source_t  *source;

    n = sources->used;

    if (n == NGX_HTTP_OPSCOM_SOURCES) {
        return &sources->others;
    }

    sources->used = n + 1;

    source = &sources->table[n];

    source->hash = key->hash;
    source->client_len = (uint16_t) key->client.len;
    source->label_len = (uint16_t) key->label.len;
    ngx_memcpy(source->client, key->client.data, key->client.len);
    ngx_memcpy(source->label, key->label.data, key->label.len);

    ngx_memory_barrier();

    sources->index[place] = n + 1;

    return source;
}


ngx_http_opscom_source_t *
ngx_http_opscom_sources_next(ngx_http_opscom_sources_t *sources, ngx_uint_t *i)
{
    ngx_uint_t                 n;
    ngx_http_opscom_source_t  *source;

    while (*i <= NGX_HTTP_OPSCOM_SOURCES_INDEX) {
        source = &sources->others;

        if (*i < NGX_HTTP_OPSCOM_SOURCES_INDEX) {
            n = sources->index[*i];
            source = n ? &sources->table[n - 1] : NULL;
        }

        (*i)++;

        /* one that is being added has none yet */

        if (source && source->permits) {
            return source;
        }
    }

    return NULL;
}
