
/* Writes the keys and arguments of a script, by the tables of words.list. */


#include "ngx_opscom_reader.h"
#include "ngx_opscom_write.h"
#include "ngx_opscom_words.h"


/* MessagePack: a short string's length is in its first byte. */

#define NGX_OPSCOM_SHORT_STRING 32


static void ngx_opscom_words_put(ngx_opscom_writer_t *writer,
    const ngx_opscom_word_t *word, const ngx_opscom_source_t *source);
static u_char *ngx_opscom_words_pack(ngx_opscom_writer_t *writer, u_char *p,
    const ngx_opscom_word_t *word, const ngx_opscom_source_t *source);
static u_char *ngx_opscom_words_pack_fields(u_char *p,
    const ngx_opscom_fields_t *fields, ngx_opscom_word_kind_t kind);
static u_char *ngx_opscom_words_key(ngx_opscom_writer_t *writer, u_char *p,
    const ngx_opscom_word_t *word, ngx_str_t *name);
static ngx_inline ngx_str_t ngx_opscom_words_value(
    const ngx_opscom_word_t *word, const ngx_opscom_source_t *source,
    u_char *digits);
static ngx_str_t ngx_opscom_words_number(const ngx_opscom_word_t *word,
    const ngx_opscom_source_t *source, u_char *digits);
static ngx_opscom_word_kind_t ngx_opscom_words_fields_kind(
    const ngx_opscom_word_t *word, const ngx_opscom_source_t *source);
static ngx_uint_t ngx_opscom_words_is_event(ngx_str_t *name);
static u_char *ngx_opscom_words_head(u_char *p, size_t len);
static u_char *ngx_opscom_words_string(u_char *p, ngx_str_t *text);


void
ngx_opscom_words_events(ngx_opscom_fields_t *fields)
{
    ngx_uint_t  i;

    for (i = 0; i < fields->n; i++) {
        fields->field[i].event = ngx_opscom_words_is_event(
                                     &fields->field[i].name);
    }
}


size_t
ngx_opscom_words_base(ngx_str_t *prefix, ngx_str_t *client)
{
    return prefix->len + client->len + sizeof(":{}:") - 1;
}


size_t
ngx_opscom_words_size(const ngx_opscom_words_t *words,
    const ngx_opscom_source_t *source, size_t base)
{
    size_t         size;
    ngx_str_t     *text;
    const size_t  *member;

    size = words->fixed + words->keys * base;

    for (member = words->texts; *member != NGX_OPSCOM_NO_MEMBER; member++) {
        text = (ngx_str_t *) ((u_char *) source->members + *member);
        size += text->len;
    }

    return size;
}


size_t
ngx_opscom_words_fields_size(const ngx_opscom_fields_t *fields)
{
    size_t      size;
    ngx_uint_t  i;

    size = fields->n * 2 * NGX_OPSCOM_STRING_SIZE;

    for (i = 0; i < fields->n; i++) {
        size += fields->field[i].name.len + fields->field[i].value.len;
    }

    return size;
}


void
ngx_opscom_words_begin(ngx_opscom_writer_t *writer, u_char *p,
    ngx_str_t *prefix, ngx_str_t *client)
{
    writer->base.data = p;

    p = ngx_cpymem(p, prefix->data, prefix->len);
    *p++ = ':';
    *p++ = '{';
    p = ngx_cpymem(p, client->data, client->len);
    *p++ = '}';
    *p++ = ':';

    writer->base.len = p - writer->base.data;
    writer->start = p;
    writer->p = p;
    writer->again = NULL;
    writer->argc = 0;
}


void
ngx_opscom_words_write(ngx_opscom_writer_t *writer,
    const ngx_opscom_words_t *words, const ngx_opscom_source_t *source)
{
    ngx_uint_t  i;

    for (i = 0; i < words->n; i++) {
        ngx_opscom_words_put(writer, &words->word[i], source);
    }

    writer->argc += words->n;
}


/*
 * A packed word's length is known when it was written: it is written where it
 * has room for any length before it, and then moved to its place.
 */

static void
ngx_opscom_words_put(ngx_opscom_writer_t *writer,
    const ngx_opscom_word_t *word, const ngx_opscom_source_t *source)
{
    size_t     len;
    u_char    *p, *packed, *last, digits[NGX_INT64_LEN];
    ngx_str_t  value;

    if (word->kind == NGX_OPSCOM_WORD_KEY) {
        value = ngx_opscom_words_value(word, source, digits);
        len = writer->base.len + word->text.len + value.len;
        p = ngx_opscom_write_length(writer->p, len);
        p = ngx_opscom_words_key(writer, p, word, &value);

    } else if (word->kind < NGX_OPSCOM_WORD_PACKED) {
        value = ngx_opscom_words_value(word, source, digits);
        writer->p = ngx_opscom_write_argument(writer->p, value.data,
                                              value.len);
        return;

    } else {
        packed = writer->p + NGX_OPSCOM_LENGTH_SIZE;
        last = ngx_opscom_words_pack(writer, packed, word, source);
        len = last - packed;

        p = ngx_opscom_write_length(writer->p, len);
        ngx_memmove(p, packed, len);
        p += len;

        if (writer->again == last - 1) {
            writer->again = p - 1;
        }
    }

    writer->p = ngx_opscom_write_end(p);
}


static u_char *
ngx_opscom_words_pack(ngx_opscom_writer_t *writer, u_char *p,
    const ngx_opscom_word_t *word, const ngx_opscom_source_t *source)
{
    u_char                    digits[NGX_INT64_LEN];
    ngx_str_t                 value;
    ngx_uint_t                i;
    ngx_opscom_word_kind_t    kind;
    const ngx_opscom_word_t  *part;

    if (word->kind != NGX_OPSCOM_WORD_PACKED) {
        kind = ngx_opscom_words_fields_kind(word, source);
        p = ngx_opscom_words_pack_fields(p, &source->own, kind);
        return ngx_opscom_words_pack_fields(p, &source->fields, kind);
    }

    for (i = 0; i < word->list->n; i++) {
        part = &word->list->word[i];
        value = ngx_opscom_words_value(part, source, digits);

        if (part->kind == NGX_OPSCOM_WORD_KEY) {
            p = ngx_opscom_words_head(p, writer->base.len + part->text.len
                                         + value.len);
            p = ngx_opscom_words_key(writer, p, part, &value);
            continue;
        }

        p = ngx_opscom_words_string(p, &value);

        if (part->kind == NGX_OPSCOM_WORD_AGAIN) {
            writer->again = p - 1;
        }
    }

    return p;
}


static u_char *
ngx_opscom_words_pack_fields(u_char *p, const ngx_opscom_fields_t *fields,
    ngx_opscom_word_kind_t kind)
{
    ngx_opscom_field_t  *field, *last;

    last = fields->field + (kind == NGX_OPSCOM_WORD_NONE ? 0 : fields->n);

    for (field = fields->field; field < last; field++) {

        if (kind == NGX_OPSCOM_WORD_ALL
            || field->event == (kind == NGX_OPSCOM_WORD_EVENT))
        {
            p = ngx_opscom_words_string(p, &field->name);
            p = ngx_opscom_words_string(p, &field->value);
        }
    }

    return p;
}


static u_char *
ngx_opscom_words_key(ngx_opscom_writer_t *writer, u_char *p,
    const ngx_opscom_word_t *word, ngx_str_t *name)
{
    p = ngx_cpymem(p, writer->base.data, writer->base.len);
    p = ngx_cpymem(p, word->text.data, word->text.len);

    return name->len ? ngx_cpymem(p, name->data, name->len) : p;
}


static ngx_inline ngx_str_t
ngx_opscom_words_value(const ngx_opscom_word_t *word,
    const ngx_opscom_source_t *source, u_char *digits)
{
    static const ngx_str_t  none = ngx_string("");

    if (word->kind > NGX_OPSCOM_WORD_TEXT) {
        return ngx_opscom_words_number(word, source, digits);
    }

    if (word->member == NGX_OPSCOM_NO_MEMBER) {
        return none;
    }

    return *(ngx_str_t *) ((u_char *) source->members + word->member);
}


/* Numbers are written to the end of NGX_INT64_LEN bytes of digits. */

static ngx_str_t
ngx_opscom_words_number(const ngx_opscom_word_t *word,
    const ngx_opscom_source_t *source, u_char *digits)
{
    u_char    *p;
    uint64_t   number;
    ngx_str_t  value;

    p = digits + NGX_INT64_LEN;

    if (word->kind == NGX_OPSCOM_WORD_AGAIN) {
        number = 0;

    } else {
        number = *(uint64_t *) ((u_char *) source->members + word->member);
    }

    if (number != 0 || word->kind != NGX_OPSCOM_WORD_WANTED) {
        do {
            *--p = (u_char) ('0' + number % 10);
            number /= 10;
        } while (number);
    }

    value.data = p;
    value.len = digits + NGX_INT64_LEN - p;

    return value;
}


/* Without fields for events, all are among the others. */

static ngx_opscom_word_kind_t
ngx_opscom_words_fields_kind(const ngx_opscom_word_t *word,
    const ngx_opscom_source_t *source)
{
    if (source->minimal) {
        return word->kind == NGX_OPSCOM_WORD_EVENT ? NGX_OPSCOM_WORD_NONE
                                                   : NGX_OPSCOM_WORD_ALL;
    }

    return word->kind;
}


/* Members of a full event, besides those of every event. */

static ngx_uint_t
ngx_opscom_words_is_event(ngx_str_t *name)
{
    switch (name->len) {

    case 4:
        return ngx_memcmp(name->data, "zone", 4) == 0;

    case 6:
        return ngx_memcmp(name->data, "amount", 6) == 0
               || ngx_memcmp(name->data, "ticket", 6) == 0;

    case 8:
        return ngx_memcmp(name->data, "currency", 8) == 0;

    default:
        return 0;
    }
}


/* MessagePack's "fixstr", or its "str 16", which is older than "str 8". */

static u_char *
ngx_opscom_words_head(u_char *p, size_t len)
{
    if (len < NGX_OPSCOM_SHORT_STRING) {
        *p++ = (u_char) (0xa0 | len);

    } else {
        *p++ = 0xda;
        *p++ = (u_char) (len >> 8);
        *p++ = (u_char) len;
    }

    return p;
}


static u_char *
ngx_opscom_words_string(u_char *p, ngx_str_t *text)
{
    p = ngx_opscom_words_head(p, text->len);

    return text->len ? ngx_cpymem(p, text->data, text->len) : p;
}
