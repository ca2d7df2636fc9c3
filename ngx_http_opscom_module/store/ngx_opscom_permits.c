
/* The calls that write and look up permits, as the scripts are called. */


#include "ngx_opscom_permits.h"
#include "ngx_opscom_write.h"

#define NGX_OPSCOM_WORDS /* the tables of scripts/words.list */
#include "ngx_opscom_scripts_lua.h"


#define NGX_OPSCOM_MAX_LISTS  4 /* of a script's keys, or arguments */
#define NGX_OPSCOM_OWN_FIELDS 2


/* The lists of one script, up to NULL; keys first. */

typedef struct {
    const ngx_opscom_words_t  *keys[NGX_OPSCOM_MAX_LISTS + 1];
    const ngx_opscom_words_t  *argv[NGX_OPSCOM_MAX_LISTS + 1];
    ngx_opscom_script_id_t     script;
} ngx_opscom_spec_t;


static ngx_int_t ngx_opscom_permits_write(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, const ngx_opscom_spec_t *spec,
    ngx_opscom_source_t *source, ngx_pool_t *pool);
static ngx_int_t ngx_opscom_permits_edit(ngx_opscom_call_t *call,
    ngx_opscom_write_t *write, const ngx_opscom_spec_t *spec,
    ngx_pool_t *pool);
static ngx_int_t ngx_opscom_permits_command(ngx_opscom_call_t *call,
    const ngx_opscom_spec_t *spec, const ngx_opscom_source_t *source,
    ngx_str_t *prefix, ngx_str_t *client, ngx_pool_t *pool);
static size_t ngx_opscom_permits_size(const ngx_opscom_spec_t *spec,
    const ngx_opscom_source_t *source, size_t base);
static size_t ngx_opscom_permits_lists_size(
    const ngx_opscom_words_t *const *list, const ngx_opscom_source_t *source,
    size_t base);
static void ngx_opscom_permits_lists(ngx_opscom_writer_t *writer,
    const ngx_opscom_words_t *const *list, const ngx_opscom_source_t *source);
static void ngx_opscom_permits_end(ngx_opscom_call_t *call,
    ngx_opscom_writer_t *writer, ngx_opscom_script_id_t script,
    ngx_str_t *client);
static void ngx_opscom_permits_storing(ngx_opscom_call_t *call);
static ngx_uint_t ngx_opscom_permits_sources(ngx_opscom_source_t *sources,
    ngx_opscom_write_t *writes, ngx_uint_t n,
    ngx_opscom_field_t own[][NGX_OPSCOM_OWN_FIELDS]);
static ngx_uint_t ngx_opscom_permits_kind(ngx_opscom_write_t *write);
static void ngx_opscom_permits_source(ngx_opscom_source_t *source,
    ngx_opscom_write_t *write, ngx_opscom_field_t *own);


/* By ngx_opscom_permits_kind(). */

#define NGX_OPSCOM_PUSH_KINDS 3

static const ngx_opscom_spec_t ngx_opscom_spec_push[NGX_OPSCOM_PUSH_KINDS] = {
    {
        { &ngx_opscom_words_push_keys, &ngx_opscom_words_each_keys },
        { &ngx_opscom_words_push_argv, &ngx_opscom_words_each_argv },
        NGX_OPSCOM_SCRIPT_PUSH
    },
    {
        { &ngx_opscom_words_push_keys, &ngx_opscom_words_each_keys },
        { &ngx_opscom_words_push_argv, &ngx_opscom_words_each_argv,
          &ngx_opscom_words_feed_argv },
        NGX_OPSCOM_SCRIPT_PUSH
    },
    {
        { &ngx_opscom_words_push_keys, &ngx_opscom_words_each_keys,
          &ngx_opscom_words_retry_keys },
        { &ngx_opscom_words_push_argv, &ngx_opscom_words_each_argv,
          &ngx_opscom_words_feed_argv, &ngx_opscom_words_option_argv },
        NGX_OPSCOM_SCRIPT_PUSH
    }
};

static const ngx_opscom_spec_t ngx_opscom_spec_bulk = {
    { &ngx_opscom_words_push_keys },
    { &ngx_opscom_words_push_argv, &ngx_opscom_words_bulk_argv },
    NGX_OPSCOM_SCRIPT_BULK
};

static const ngx_opscom_spec_t ngx_opscom_spec_each[NGX_OPSCOM_PUSH_KINDS] = {
    {
        { &ngx_opscom_words_each_keys },
        { &ngx_opscom_words_each_argv },
        NGX_OPSCOM_SCRIPT_BULK
    },
    {
        { &ngx_opscom_words_each_keys },
        { &ngx_opscom_words_each_argv, &ngx_opscom_words_feed_argv },
        NGX_OPSCOM_SCRIPT_BULK
    },
    {
        { &ngx_opscom_words_each_keys, &ngx_opscom_words_retry_keys },
        { &ngx_opscom_words_each_argv, &ngx_opscom_words_feed_argv,
          &ngx_opscom_words_option_argv },
        NGX_OPSCOM_SCRIPT_BULK
    }
};

static const ngx_opscom_spec_t ngx_opscom_spec_update = {
    { &ngx_opscom_words_edit_keys },
    { &ngx_opscom_words_edit_argv, &ngx_opscom_words_change_argv },
    NGX_OPSCOM_SCRIPT_UPDATE
};

static const ngx_opscom_spec_t ngx_opscom_spec_delete = {
    { &ngx_opscom_words_edit_keys },
    { &ngx_opscom_words_edit_argv },
    NGX_OPSCOM_SCRIPT_DELETE
};

static const ngx_opscom_spec_t ngx_opscom_spec_lookup = {
    { &ngx_opscom_words_lookup_keys },
    { &ngx_opscom_words_lookup_argv },
    NGX_OPSCOM_SCRIPT_LOOKUP
};


ngx_int_t
ngx_opscom_permits_push(ngx_opscom_call_t *call, ngx_opscom_write_t *write,
    ngx_pool_t *pool)
{
    ngx_opscom_field_t        own[NGX_OPSCOM_OWN_FIELDS];
    ngx_opscom_source_t       source;
    const ngx_opscom_spec_t  *spec;

    ngx_opscom_permits_source(&source, write, own);

    ngx_opscom_permits_storing(call);
    call->join.script = &ngx_opscom_scripts[NGX_OPSCOM_SCRIPT_BULK];

    spec = &ngx_opscom_spec_push[ngx_opscom_permits_kind(write)];

    return ngx_opscom_permits_write(call, write, spec, &source, pool);
}


/* By its reference ID a permit is stored once, and was nowhere before. */

static void
ngx_opscom_permits_storing(ngx_opscom_call_t *call)
{
    call->repeatable = 1;
    call->follows = 1;
}


/*
 * A push without options has no words for them, and one whose event is minimal
 * has none of the event's fields.
 */

static ngx_uint_t
ngx_opscom_permits_kind(ngx_opscom_write_t *write)
{
    if (write->retention != 0 || write->persist != 0
        || write->stream_maxlen != 0 || write->fingerprint.len != 0)
    {
        return 2;
    }

    return write->stream_minimal ? 0 : 1;
}


/* Fields that the caller need not give, and what options are made of. */

static void
ngx_opscom_permits_source(ngx_opscom_source_t *source,
    ngx_opscom_write_t *write, ngx_opscom_field_t *own)
{
    ngx_str_set(&own[0].name, "client");
    own[0].value = write->client;
    own[0].event = 0;

    ngx_str_set(&own[1].name, "received_at");
    own[1].value = write->now;
    own[1].event = 0;

    source->members = write;
    source->minimal = write->stream_minimal != 0;
    source->own.field = own;
    source->own.n = NGX_OPSCOM_OWN_FIELDS;
    source->fields.field = write->fields;
    source->fields.n = write->nfields;

    ngx_opscom_words_events(&source->fields);

    write->key_ttl = write->idempotency.len ? write->idempotency_ttl : 0;
    write->expires = 0;

    if (write->retention) {
        write->persist = 0;
        write->expires = ngx_max(write->now_seconds, write->end_seconds)
                         + write->retention;
    }
}


ngx_int_t
ngx_opscom_permits_update(ngx_opscom_call_t *call, ngx_opscom_write_t *write,
    ngx_pool_t *pool)
{
    call->repeatable = write->idempotency.len != 0;

    return ngx_opscom_permits_edit(call, write, &ngx_opscom_spec_update, pool);
}


ngx_int_t
ngx_opscom_permits_delete(ngx_opscom_call_t *call, ngx_opscom_write_t *write,
    ngx_pool_t *pool)
{
    call->repeatable = 1;

    return ngx_opscom_permits_edit(call, write, &ngx_opscom_spec_delete, pool);
}


static ngx_int_t
ngx_opscom_permits_edit(ngx_opscom_call_t *call, ngx_opscom_write_t *write,
    const ngx_opscom_spec_t *spec, ngx_pool_t *pool)
{
    ngx_opscom_spec_t    keyed;
    ngx_opscom_source_t  source;

    ngx_memzero(&source, sizeof(ngx_opscom_source_t));

    source.members = write;
    source.fields.field = write->fields;
    source.fields.n = write->nfields;

    write->key_ttl = write->idempotency.len ? write->idempotency_ttl : 0;

    if (write->retention) {
        write->persist = 0;
    }

    keyed = *spec;

    if (write->idempotency.len) {
        keyed.keys[1] = &ngx_opscom_words_once_keys;
    }

    return ngx_opscom_permits_write(call, write, &keyed, &source, pool);
}


static ngx_int_t
ngx_opscom_permits_write(ngx_opscom_call_t *call, ngx_opscom_write_t *write,
    const ngx_opscom_spec_t *spec, ngx_opscom_source_t *source,
    ngx_pool_t *pool)
{
    return ngx_opscom_permits_command(call, spec, source, &write->prefix,
                                      &write->client, pool);
}


ngx_int_t
ngx_opscom_permits_lookup(ngx_opscom_call_t *call,
    ngx_opscom_lookup_t *lookup, ngx_pool_t *pool)
{
    ngx_opscom_source_t  source;

    ngx_memzero(&source, sizeof(ngx_opscom_source_t));
    source.members = lookup;

    call->repeatable = 1;
    call->reads = 1;
    call->follows = lookup->reference_id.len != 0; /* a plate: its permits */

    return ngx_opscom_permits_command(call, &ngx_opscom_spec_lookup, &source,
                                      &lookup->prefix, &lookup->client, pool);
}


static ngx_int_t
ngx_opscom_permits_command(ngx_opscom_call_t *call,
    const ngx_opscom_spec_t *spec, const ngx_opscom_source_t *source,
    ngx_str_t *prefix, ngx_str_t *client, ngx_pool_t *pool)
{
    size_t               base;
    u_char              *p;
    ngx_opscom_join_t   *join;
    ngx_opscom_writer_t  writer;

    base = ngx_opscom_words_base(prefix, client);

    p = ngx_pnalloc(pool, base + ngx_opscom_permits_size(spec, source, base));
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_opscom_words_begin(&writer, p, prefix, client);

    /* of a push, the first lists are those that it shares with others */

    join = &call->join;
    join->nkeys = (uint16_t) spec->keys[0]->n;
    join->nargs = (uint16_t) spec->argv[0]->n;

    ngx_opscom_words_write(&writer, spec->keys[0], source);
    join->own_keys = (uint32_t) (writer.p - writer.start);
    ngx_opscom_permits_lists(&writer, &spec->keys[1], source);

    call->nkeys = writer.argc;

    join->argv = (uint32_t) (writer.p - writer.start);
    ngx_opscom_words_write(&writer, spec->argv[0], source);
    join->own_argv = (uint32_t) (writer.p - writer.start);
    ngx_opscom_permits_lists(&writer, &spec->argv[1], source);

    ngx_opscom_permits_end(call, &writer, spec->script, client);

    return NGX_OK;
}


static size_t
ngx_opscom_permits_size(const ngx_opscom_spec_t *spec,
    const ngx_opscom_source_t *source, size_t base)
{
    return ngx_opscom_words_fields_size(&source->own)
           + ngx_opscom_words_fields_size(&source->fields)
           + ngx_opscom_permits_lists_size(spec->keys, source, base)
           + ngx_opscom_permits_lists_size(spec->argv, source, base);
}


static size_t
ngx_opscom_permits_lists_size(const ngx_opscom_words_t *const *list,
    const ngx_opscom_source_t *source, size_t base)
{
    size_t  size;

    for (size = 0; *list; list++) {
        size += ngx_opscom_words_size(*list, source, base);
    }

    return size;
}


static void
ngx_opscom_permits_lists(ngx_opscom_writer_t *writer,
    const ngx_opscom_words_t *const *list, const ngx_opscom_source_t *source)
{
    for ( /* void */ ; *list; list++) {
        ngx_opscom_words_write(writer, *list, source);
    }
}


static void
ngx_opscom_permits_end(ngx_opscom_call_t *call, ngx_opscom_writer_t *writer,
    ngx_opscom_script_id_t script, ngx_str_t *client)
{
    call->script = &ngx_opscom_scripts[script];
    call->words.data = writer->start;
    call->words.len = writer->p - writer->start;
    call->argc = writer->argc;
    call->again = writer->again;
    call->tag = *client;
}


ngx_int_t
ngx_opscom_permits_pushes(ngx_opscom_call_t *call, ngx_opscom_write_t *writes,
    ngx_uint_t n, ngx_pool_t *pool)
{
    size_t                    base, size;
    u_char                   *p;
    ngx_uint_t                i, keys, kind;
    ngx_opscom_field_t        own[NGX_OPSCOM_MAX_PUSHES][NGX_OPSCOM_OWN_FIELDS];
    ngx_opscom_source_t       sources[NGX_OPSCOM_MAX_PUSHES];
    ngx_opscom_writer_t       writer;
    const ngx_opscom_spec_t  *each;

    if (n == 0 || n > NGX_OPSCOM_MAX_PUSHES) {
        return NGX_ERROR;
    }

    kind = ngx_opscom_permits_sources(sources, writes, n, own);

    each = &ngx_opscom_spec_each[kind];
    base = ngx_opscom_words_base(&writes[0].prefix, &writes[0].client);
    size = base + ngx_opscom_permits_size(&ngx_opscom_spec_bulk, &sources[0],
                                          base);

    for (i = 0; i < n; i++) {
        size += ngx_opscom_permits_size(each, &sources[i], base);
    }

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_opscom_words_begin(&writer, p, &writes[0].prefix, &writes[0].client);
    ngx_opscom_permits_lists(&writer, ngx_opscom_spec_bulk.keys, &sources[0]);
    keys = writer.argc;

    for (i = 0; i < n; i++) {
        ngx_opscom_permits_lists(&writer, each->keys, &sources[i]);
    }

    call->nkeys = writer.argc;

    writes[0].count = n;
    writes[0].keys_each = (writer.argc - keys) / n;
    writes[0].words_each = each->argv[0]->n + kind;

    ngx_opscom_permits_lists(&writer, ngx_opscom_spec_bulk.argv, &sources[0]);

    for (i = 0; i < n; i++) {
        ngx_opscom_permits_lists(&writer, each->argv, &sources[i]);
    }

    ngx_opscom_permits_end(call, &writer, NGX_OPSCOM_SCRIPT_BULK,
                           &writes[0].client);

    ngx_opscom_permits_storing(call);

    return NGX_OK;
}


/* Returns the kind of push with the most options, which serves them all. */

static ngx_uint_t
ngx_opscom_permits_sources(ngx_opscom_source_t *sources,
    ngx_opscom_write_t *writes, ngx_uint_t n,
    ngx_opscom_field_t own[][NGX_OPSCOM_OWN_FIELDS])
{
    ngx_uint_t  i, kind;

    kind = 0;

    for (i = 0; i < n; i++) {
        kind = ngx_max(kind, ngx_opscom_permits_kind(&writes[i]));
        ngx_opscom_permits_source(&sources[i], &writes[i], own[i]);
    }

    return kind;
}
