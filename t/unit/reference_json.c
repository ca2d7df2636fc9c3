
/* A JSON reader that is slow and plain, for whole texts: see reference.h. */


#include <stdlib.h>
#include <string.h>

#include "reference_json.h"


#define MAX_TOKEN 65536


static void read_value(reader_t *reader, int id);


static void
fail(reader_t *reader, int wrong)
{
    if (!reader->wrong) {
        reader->wrong = wrong;
    }
}


int
reader_peek(reader_t *reader)
{
    return reader->p < reader->end ? *reader->p : -1;
}


void
reader_skip_space(reader_t *reader)
{
    while (reader_peek(reader) == ' ' || reader_peek(reader) == '\t' || reader_peek(reader) == '\n'
        || reader_peek(reader) == '\r')
    {
        reader->p++;
    }
}


static long
read_hex(reader_t *reader)
{
    int  i, c;
    long unit;

    unit = 0;

    for (i = 0; i < 4; i++) {
        c = reader_peek(reader);

        if (c >= '0' && c <= '9') {
            unit = unit * 16 + c - '0';

        } else if (c >= 'a' && c <= 'f') {
            unit = unit * 16 + c - 'a' + 10;

        } else if (c >= 'A' && c <= 'F') {
            unit = unit * 16 + c - 'A' + 10;

        } else {
            fail(reader, READER_MALFORMED);
            return 0;
        }

        reader->p++;
    }

    return unit;
}


static size_t
write_utf8(unsigned char *out, long code)
{
    if (code < 0x80) {
        out[0] = (unsigned char) code;
        return 1;
    }

    if (code < 0x800) {
        out[0] = (unsigned char) (0xc0 | code >> 6);
        out[1] = (unsigned char) (0x80 | (code & 0x3f));
        return 2;
    }

    if (code < 0x10000) {
        out[0] = (unsigned char) (0xe0 | code >> 12);
        out[1] = (unsigned char) (0x80 | (code >> 6 & 0x3f));
        out[2] = (unsigned char) (0x80 | (code & 0x3f));
        return 3;
    }

    out[0] = (unsigned char) (0xf0 | code >> 18);
    out[1] = (unsigned char) (0x80 | (code >> 12 & 0x3f));
    out[2] = (unsigned char) (0x80 | (code >> 6 & 0x3f));
    out[3] = (unsigned char) (0x80 | (code & 0x3f));

    return 4;
}


/* The character at p in well-formed UTF-8, or -1: decode, encode, compare. */

static long
read_utf8(reader_t *reader, size_t *size)
{
    long          code;
    size_t        i;
    unsigned char again[4];

    *size = *reader->p < 0x80 ? 1
        : *reader->p < 0xe0   ? 2
        : *reader->p < 0xf0   ? 3
                              : 4;

    if ((size_t) (reader->end - reader->p) < *size) {
        return -1;
    }

    code = *size == 1 ? *reader->p
                      : *reader->p
            & (*size == 2        ? 0x1f
                    : *size == 3 ? 0x0f
                                 : 0x07);

    for (i = 1; i < *size; i++) {
        code = code << 6 | (reader->p[i] & 0x3f);
    }

    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)
        || write_utf8(again, code) != *size
        || memcmp(again, reader->p, *size) != 0)
    {
        return -1;
    }

    return code;
}


static void
read_escape(reader_t *reader, value_t *value)
{
    int               c;
    long              code, low;
    const char       *at;
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";

    c = reader_peek(reader);

    if (c == 'u') {
        reader->p++;
        code = read_hex(reader);

        if (code >= 0xdc00 && code <= 0xdfff) {
            fail(reader, READER_MALFORMED);
        }

        if (code >= 0xd800 && code <= 0xdbff && !reader->wrong) {

            if (reader->end - reader->p < 2 || reader->p[0] != '\\'
                || reader->p[1] != 'u') {
                fail(reader, READER_MALFORMED);
                return;
            }

            reader->p += 2;
            low = read_hex(reader);

            if (low < 0xdc00 || low > 0xdfff) {
                fail(reader, READER_MALFORMED);
                return;
            }

            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }

        if (!reader->wrong) {
            value->len += write_utf8(value->text + value->len, code);
        }

        return;
    }

    at = c > 0 ? strchr(from, c) : NULL;

    if (at == NULL) {
        fail(reader, READER_MALFORMED);
        return;
    }

    value->text[value->len++] = (unsigned char) to[at - from];
    reader->p++;
}


/* Behind the opening quote; the caller frees the text. */

static value_t
read_string(reader_t *reader)
{
    long                 code;
    size_t               size;
    value_t              value;
    const unsigned char *start;

    start = reader->p;
    value.text = malloc((size_t) (reader->end - reader->p) + 8);
    value.len = 0;

    while (!reader->wrong) {

        if (reader->p < reader->end && *reader->p == '"') {
            reader->p++;
            break;
        }

        /* a byte too many is reported before the value is checked */

        if (reader->p < reader->end && reader->p - start >= MAX_TOKEN) {
            fail(reader, READER_TOO_LARGE);
            break;
        }

        if (reader->p == reader->end || *reader->p < 0x20) {
            fail(reader, READER_MALFORMED);
            break;
        }

        if (*reader->p == '\\') {
            reader->p++;
            read_escape(reader, &value);
            continue;
        }

        code = read_utf8(reader, &size);

        if (code < 0) {
            fail(reader, READER_MALFORMED);
            break;
        }

        memcpy(value.text + value.len, reader->p, size);
        value.len += size;
        reader->p += size;
    }

    return value;
}


static size_t
read_digits(reader_t *reader)
{
    size_t n;

    for (n = 0; reader_peek(reader) >= '0' && reader_peek(reader) <= '9'; n++) {
        reader->p++;
    }

    return n;
}


static void
read_number(reader_t *reader)
{
    const unsigned char *start;

    start = reader->p;

    if (reader_peek(reader) == '-') {
        reader->p++;
    }

    if (reader_peek(reader) == '0') {
        reader->p++;

    } else if (read_digits(reader) == 0) {
        fail(reader, READER_MALFORMED);
    }

    if (!reader->wrong && reader_peek(reader) == '.') {
        reader->p++;

        if (read_digits(reader) == 0) {
            fail(reader, READER_MALFORMED);
        }
    }

    if (!reader->wrong && (reader_peek(reader) == 'e' || reader_peek(reader) == 'E')) {
        reader->p++;

        if (reader_peek(reader) == '+' || reader_peek(reader) == '-') {
            reader->p++;
        }

        if (read_digits(reader) == 0) {
            fail(reader, READER_MALFORMED);
        }
    }

    if (reader->p - start > MAX_TOKEN) {
        reader->wrong = READER_TOO_LARGE;
    }
}


static void
read_word(reader_t *reader, const char *word)
{
    size_t len;

    len = strlen(word);

    if ((size_t) (reader->end - reader->p) < len
        || memcmp(reader->p, word, len) != 0)
    {
        fail(reader, READER_MALFORMED);
        return;
    }

    reader->p += len;
}


static void
read_members(reader_t *reader, int named)
{
    int     id;
    value_t key;

    reader_skip_space(reader);

    if (reader_peek(reader) == '}') {
        reader->p++;
        return;
    }

    while (!reader->wrong) {
        reader_skip_space(reader);

        if (reader_peek(reader) != '"') {
            fail(reader, READER_MALFORMED);
            return;
        }

        reader->p++;
        key = read_string(reader);
        id = named && !reader->wrong
            ? reader->handler->name(reader->data, key) : -1;
        free(key.text);

        reader_skip_space(reader);

        if (reader_peek(reader) != ':') {
            fail(reader, READER_MALFORMED);
            return;
        }

        reader->p++;
        read_value(reader, id);
        reader_skip_space(reader);

        if (reader_peek(reader) == '}') {
            reader->p++;
            return;
        }

        if (reader_peek(reader) != ',') {
            fail(reader, READER_MALFORMED);
            return;
        }

        reader->p++;
    }
}


static void
read_elements(reader_t *reader)
{
    reader_skip_space(reader);

    if (reader_peek(reader) == ']') {
        reader->p++;
        return;
    }

    while (!reader->wrong) {
        read_value(reader, -1);
        reader_skip_space(reader);

        if (reader_peek(reader) == ']') {
            reader->p++;
            return;
        }

        if (reader_peek(reader) != ',') {
            fail(reader, READER_MALFORMED);
            return;
        }

        reader->p++;
    }
}


static void
read_value(reader_t *reader, int id)
{
    int     c, top;
    value_t value;

    if (reader->wrong) {
        return;
    }

    reader_skip_space(reader);

    c = reader_peek(reader);
    top = reader->depth == 0;

    if (c == '"') {
        reader->p++;
        value = read_string(reader);

        if (id >= 0 && !reader->wrong) {
            reader->handler->string(reader->data, id, value);
        }

        free(value.text);
        return;
    }

    if (c == 'n') {
        read_word(reader, "null");
        return;
    }

    if (id >= 0) {
        reader->handler->other(reader->data, id);
    }

    if (c == '{' || c == '[') {

        if (reader->depth == PERMIT_MAX_DEPTH) {
            fail(reader, READER_MALFORMED);
            return;
        }

        reader->p++;
        reader->depth++;

        if (c == '{') {
            read_members(reader, top);
        } else {
            read_elements(reader);
        }

        reader->depth--;

    } else if (c == 't') {
        read_word(reader, "true");

    } else if (c == 'f') {
        read_word(reader, "false");

    } else {
        read_number(reader);
    }
}


void
reader_read(reader_t *reader)
{
    reader->depth = 0;
    read_value(reader, -1);
}
