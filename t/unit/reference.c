
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reference.h"


#define MAX_TOKEN 65536


enum { MALFORMED = 1, TOO_LARGE };

typedef struct {
    const unsigned char *p;
    const unsigned char *end;
    unsigned             depth;
    int                  wrong;
    reference_t         *reference;
    const char          *form;
} reader_t;


/* Values of one attribute, as they come. */

typedef struct {
    unsigned char *text;
    size_t         len;
} value_t;

typedef struct {
    value_t first;
    int     used;
    int     wrong_type;
    int     conflicting;
} given_t;


static given_t given[PERMIT_ATTRIBUTES];


static const struct {
    permit_id_t id;
    const char *name;
    const char *forms; /* p, u, d */
} names[] = {
    { PERMIT_TOKEN, "apiToken", "pud" },
    { PERMIT_REFERENCE_ID, "referenceid", "ud" },
    { PERMIT_REFERENCE_ID, "referenceID", "ud" },
    { PERMIT_REFERENCE_ID, "reference_id", "ud" },
    { PERMIT_AMOUNT, "amount", "pu" },
    { PERMIT_AMOUNT, "Amount", "pu" },
    { PERMIT_CURRENCY, "currency", "pu" },
    { PERMIT_CURRENCY, "CurrencyID", "pu" },
    { PERMIT_START, "startTime", "p" },
    { PERMIT_START, "StartDateUtc", "p" },
    { PERMIT_END, "endTime", "pu" },
    { PERMIT_END, "EndDateUtc", "pu" },
    { PERMIT_PLATE, "plate", "pu" },
    { PERMIT_PLATE, "LicencePlate", "pu" },
    { PERMIT_TICKET, "permitNo", "p" },
    { PERMIT_TICKET, "TicketNumber", "p" },
    { PERMIT_ZONE, "zone", "p" },
    { PERMIT_ZONE, "ParkingZoneName", "p" },
};


static void read_value(reader_t *reader, int id);


static void
fail(reader_t *reader, int wrong)
{
    if (!reader->wrong) {
        reader->wrong = wrong;
    }
}


static int
peek(reader_t *reader)
{
    return reader->p < reader->end ? *reader->p : -1;
}


static void
skip_space(reader_t *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t' || peek(reader) == '\n'
        || peek(reader) == '\r')
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
        c = peek(reader);

        if (c >= '0' && c <= '9') {
            unit = unit * 16 + c - '0';

        } else if (c >= 'a' && c <= 'f') {
            unit = unit * 16 + c - 'a' + 10;

        } else if (c >= 'A' && c <= 'F') {
            unit = unit * 16 + c - 'A' + 10;

        } else {
            fail(reader, MALFORMED);
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

    c = peek(reader);

    if (c == 'u') {
        reader->p++;
        code = read_hex(reader);

        if (code >= 0xdc00 && code <= 0xdfff) {
            fail(reader, MALFORMED);
        }

        if (code >= 0xd800 && code <= 0xdbff && !reader->wrong) {

            if (reader->end - reader->p < 2 || reader->p[0] != '\\'
                || reader->p[1] != 'u') {
                fail(reader, MALFORMED);
                return;
            }

            reader->p += 2;
            low = read_hex(reader);

            if (low < 0xdc00 || low > 0xdfff) {
                fail(reader, MALFORMED);
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
        fail(reader, MALFORMED);
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

        /* a byte too many counts before what it says */

        if (reader->p < reader->end && reader->p - start >= MAX_TOKEN) {
            fail(reader, TOO_LARGE);
            break;
        }

        if (reader->p == reader->end || *reader->p < 0x20) {
            fail(reader, MALFORMED);
            break;
        }

        if (*reader->p == '\\') {
            reader->p++;
            read_escape(reader, &value);
            continue;
        }

        code = read_utf8(reader, &size);

        if (code < 0) {
            fail(reader, MALFORMED);
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

    for (n = 0; peek(reader) >= '0' && peek(reader) <= '9'; n++) {
        reader->p++;
    }

    return n;
}


static void
read_number(reader_t *reader)
{
    const unsigned char *start;

    start = reader->p;

    if (peek(reader) == '-') {
        reader->p++;
    }

    if (peek(reader) == '0') {
        reader->p++;

    } else if (read_digits(reader) == 0) {
        fail(reader, MALFORMED);
    }

    if (!reader->wrong && peek(reader) == '.') {
        reader->p++;

        if (read_digits(reader) == 0) {
            fail(reader, MALFORMED);
        }
    }

    if (!reader->wrong && (peek(reader) == 'e' || peek(reader) == 'E')) {
        reader->p++;

        if (peek(reader) == '+' || peek(reader) == '-') {
            reader->p++;
        }

        if (read_digits(reader) == 0) {
            fail(reader, MALFORMED);
        }
    }

    if (reader->p - start > MAX_TOKEN) {
        reader->wrong = TOO_LARGE;
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
        fail(reader, MALFORMED);
        return;
    }

    reader->p += len;
}


static int
is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static void
give(int id, value_t value)
{
    size_t from, to;

    from = 0;
    to = value.len;

    if (id != PERMIT_TOKEN) {
        while (from < to && is_space(value.text[from])) {
            from++;
        }

        while (from < to && is_space(value.text[to - 1])) {
            to--;
        }
    }

    if (from == to) {
        return;
    }

    if (given[id].first.text == NULL) {
        given[id].first.len = to - from;
        given[id].first.text = malloc(to - from);
        memcpy(given[id].first.text, value.text + from, to - from);
        return;
    }

    if (given[id].first.len != to - from
        || memcmp(given[id].first.text, value.text + from, to - from) != 0)
    {
        given[id].conflicting = 1;
    }
}


static int
find(reader_t *reader, value_t key)
{
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (strlen(names[i].name) == key.len
            && memcmp(names[i].name, key.text, key.len) == 0
            && strchr(names[i].forms, reader->form[0]))
        {
            if (reader->reference->name[names[i].id] == NULL) {
                reader->reference->name[names[i].id] = names[i].name;
            }

            return (int) names[i].id;
        }
    }

    return -1;
}


static void
read_members(reader_t *reader, int named)
{
    int     id;
    value_t key;

    skip_space(reader);

    if (peek(reader) == '}') {
        reader->p++;
        return;
    }

    while (!reader->wrong) {
        skip_space(reader);

        if (peek(reader) != '"') {
            fail(reader, MALFORMED);
            return;
        }

        reader->p++;
        key = read_string(reader);
        id = named && !reader->wrong ? find(reader, key) : -1;
        free(key.text);

        skip_space(reader);

        if (peek(reader) != ':') {
            fail(reader, MALFORMED);
            return;
        }

        reader->p++;
        read_value(reader, id);
        skip_space(reader);

        if (peek(reader) == '}') {
            reader->p++;
            return;
        }

        if (peek(reader) != ',') {
            fail(reader, MALFORMED);
            return;
        }

        reader->p++;
    }
}


static void
read_elements(reader_t *reader)
{
    skip_space(reader);

    if (peek(reader) == ']') {
        reader->p++;
        return;
    }

    while (!reader->wrong) {
        read_value(reader, -1);
        skip_space(reader);

        if (peek(reader) == ']') {
            reader->p++;
            return;
        }

        if (peek(reader) != ',') {
            fail(reader, MALFORMED);
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

    skip_space(reader);

    c = peek(reader);
    top = reader->depth == 0;

    if (c == '"') {
        reader->p++;
        value = read_string(reader);

        if (id >= 0 && !reader->wrong) {
            give(id, value);
        }

        free(value.text);
        return;
    }

    if (c == 'n') {
        read_word(reader, "null");
        return;
    }

    if (id >= 0) {
        given[id].wrong_type = 1;
    }

    if (c == '{' || c == '[') {

        if (reader->depth == PERMIT_MAX_DEPTH) {
            fail(reader, MALFORMED);
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


static permit_parse_t
read_body(reader_t *reader)
{
    int object;

    if (reader->end - reader->p >= 3
        && memcmp(reader->p, "\xef\xbb\xbf", 3) == 0) {
        reader->p += 3;
    }

    skip_space(reader);
    object = peek(reader) == '{';
    read_value(reader, -1);

    if (!reader->wrong) {
        skip_space(reader);

        if (reader->p != reader->end) {
            fail(reader, MALFORMED);
        }
    }

    switch (reader->wrong) {

    case MALFORMED:
        return PERMIT_PARSE_MALFORMED;

    case TOO_LARGE:
        return PERMIT_PARSE_TOO_LARGE;

    default:
        return object ? PERMIT_PARSE_OK : PERMIT_PARSE_NOT_AN_OBJECT;
    }
}


static size_t
characters(value_t value)
{
    size_t i, n;

    n = 0;

    for (i = 0; i < value.len; i++) {
        if (value.text[i] < 0x80 || value.text[i] >= 0xc0) {
            n++;
        }
    }

    return n;
}


static int
made_of(value_t value, const char *set)
{
    size_t i;

    for (i = 0; i < value.len; i++) {
        if (value.text[i] == 0 || !strchr(set, value.text[i])) {
            return 0;
        }
    }

    return 1;
}


static permit_code_t
judge_identifier(reference_t *reference, int id, const char *text)
{
    value_t value;

    (void) reference;
    (void) text;

    value = given[id].first;

    return made_of(value,
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789-")
        ? PERMIT_GOOD
        : PERMIT_INVALID_FORMAT;
}


static permit_code_t
judge_amount(reference_t *reference, int id, const char *text)
{
    long   cents;
    size_t i, len;

    len = strlen(text);

    if (len != given[id].first.len || len < 4 || text[len - 3] != '.') {
        return PERMIT_INVALID_FORMAT;
    }

    for (i = 0; i < len; i++) {
        if (i != len - 3 && (text[i] < '0' || text[i] > '9')) {
            return PERMIT_INVALID_FORMAT;
        }
    }

    cents = strtol(text, NULL, 10) * 100 + strtol(text + len - 2, NULL, 10);

    if (cents == 0) {
        return PERMIT_OUT_OF_RANGE;
    }

    sprintf(reference->stored[id][0], "%ld.%02ld", cents / 100, cents % 100);
    sprintf(reference->stored[id][1], "%ld", cents);

    return PERMIT_GOOD;
}


static permit_code_t
judge_currency(reference_t *reference, int id, const char *text)
{
    const char *known[] = { "CAD", "USD" };
    size_t      i, n;

    for (i = 0; i < 2; i++) {

        if (given[id].first.len != 3) {
            break;
        }

        for (n = 0; n < 3; n++) {
            if (text[n] != known[i][n] && text[n] != known[i][n] + 32) {
                break;
            }
        }

        if (n == 3) {
            strcpy(reference->stored[id][0], known[i]);
            return PERMIT_GOOD;
        }
    }

    return PERMIT_UNSUPPORTED;
}


/* The C library's calendar, there and back. */

static permit_code_t
judge_time(reference_t *reference, int id, const char *text)
{
    int       i, n[6];
    char      again[64];
    time_t    seconds;
    struct tm tm, back;

    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";

    if (given[id].first.len != 19 && given[id].first.len != 20) {
        return PERMIT_INVALID_FORMAT;
    }

    for (i = 0; i < (int) given[id].first.len; i++) {
        if (shape[i] == 'd' ? (text[i] < '0' || text[i] > '9')
                            : text[i] != shape[i]) {
            return PERMIT_INVALID_FORMAT;
        }
    }

    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &n[0], &n[1], &n[2], &n[3], &n[4],
        &n[5]);

    memset(&tm, 0, sizeof(tm));
    tm.tm_year = n[0] - 1900;
    tm.tm_mon = n[1] - 1;
    tm.tm_mday = n[2];
    tm.tm_hour = n[3];
    tm.tm_min = n[4];
    tm.tm_sec = n[5];

    seconds = timegm(&tm);
    gmtime_r(&seconds, &back);

    sprintf(again, "%04d-%02d-%02dT%02d:%02d:%02d", back.tm_year + 1900,
        back.tm_mon + 1, back.tm_mday, back.tm_hour, back.tm_min, back.tm_sec);

    if (n[0] < 1970 || memcmp(again, text, 19) != 0) {
        return PERMIT_OUT_OF_RANGE;
    }

    sprintf(reference->stored[id][0], "%sZ", again);
    sprintf(reference->stored[id][1], "%lld", (long long) seconds);

    return PERMIT_GOOD;
}


static permit_code_t
judge_plate(reference_t *reference, int id, const char *text)
{
    char  *out;
    size_t i;

    out = reference->stored[id][0];

    for (i = 0; i < given[id].first.len; i++) {

        if (text[i] == ' ' || text[i] == '-') {
            continue;
        }

        *out++ = text[i] >= 'a' && text[i] <= 'z' ? (char) (text[i] - 32)
                                                  : text[i];
    }

    *out = '\0';
    strcpy(reference->stored[id][1], text);

    return reference->stored[id][0][0] ? PERMIT_GOOD : PERMIT_INVALID_FORMAT;
}


static permit_code_t
judge_text(reference_t *reference, int id, const char *text)
{
    strcpy(reference->stored[id][0], text);

    return PERMIT_GOOD;
}


static permit_code_t
judge_one(reference_t *reference, int id, const char *form)
{
    char   text[1024];
    size_t i;

    static const struct {
        size_t      limit;
        const char *required;
        permit_code_t (*judge)(
            reference_t *reference, int id, const char *text);
    } rules[PERMIT_ATTRIBUTES] = {
        [PERMIT_TOKEN] = { 50, "pud", judge_identifier },
        [PERMIT_REFERENCE_ID] = { 50, "ud", judge_identifier },
        [PERMIT_AMOUNT] = { 9, "", judge_amount },
        [PERMIT_CURRENCY] = { 10, "", judge_currency },
        [PERMIT_START] = { 20, "p", judge_time },
        [PERMIT_END] = { 20, "p", judge_time },
        [PERMIT_PLATE] = { 25, "p", judge_plate },
        [PERMIT_TICKET] = { 50, "", judge_text },
        [PERMIT_ZONE] = { 200, "", judge_text },
    };

    if (given[id].wrong_type) {
        return PERMIT_INVALID_TYPE;
    }

    if (given[id].conflicting) {
        return PERMIT_CONFLICTING;
    }

    if (given[id].first.text == NULL) {
        return strchr(rules[id].required, form[0]) ? PERMIT_MISSING
                                                   : PERMIT_GOOD;
    }

    if (characters(given[id].first) > rules[id].limit) {
        return PERMIT_TOO_LONG;
    }

    for (i = 0; i < given[id].first.len; i++) {
        if (given[id].first.text[i] < 0x20 || given[id].first.text[i] == 0x7f)
        {
            return PERMIT_INVALID_FORMAT;
        }
    }

    memcpy(text, given[id].first.text, given[id].first.len);
    text[given[id].first.len] = '\0';

    return rules[id].judge(reference, id, text);
}


void
reference_read(reference_t *reference, const char *form,
    const unsigned char *body, size_t len, size_t max_body)
{
    int      id;
    reader_t reader;

    memset(reference, 0, sizeof(reference_t));
    memset(given, 0, sizeof(given));
    memset(&reader, 0, sizeof(reader));

    reader.p = body;
    reader.end = body + (max_body && len > max_body ? max_body : len);
    reader.reference = reference;
    reader.form = form;

    reference->outcome = read_body(&reader);

    /*
     * Cut off at the bound: it is too large, unless it was malformed before.
     * yajl reads a token to its end before it finds it out of place, and this
     * reader cannot tell a character that was cut from a wrong one.
     */

    if (max_body && len > max_body) {

        if (reference->outcome != PERMIT_PARSE_MALFORMED) {
            reference->outcome = PERMIT_PARSE_TOO_LARGE;

        } else {
            reference->vague = 1;
        }
    }

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {
        reference->code[id] = judge_one(reference, id, form);
    }

    if (reference->stored[PERMIT_START][0][0]
        && reference->stored[PERMIT_END][0][0]
        && atoll(reference->stored[PERMIT_END][1])
            <= atoll(reference->stored[PERMIT_START][1]))
    {
        reference->code[PERMIT_END] = PERMIT_END_NOT_AFTER_START;
    }

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {
        free(given[id].first.text);
    }
}
