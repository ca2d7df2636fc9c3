
/* The rules and the lists of the contract, read a second time. */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reference.h"
#include "reference_json.h"


/* Values of one attribute, as they come. */

typedef struct {
    value_t first;
    int     used;
    int     wrong_type;
    int     conflicting;
} given_t;


static given_t given[PERMIT_ATTRIBUTES];


/* What is being read, for the reader's handler. */

typedef struct {
    reference_t *reference;
    const char  *schema;
} reading_t;


static const struct {
    permit_id_t id;
    const char *name;
    const char *schemas; /* p, u, d, l */
} names[] = {
    { PERMIT_TOKEN, "apiToken", "pudl" },
    { PERMIT_REFERENCE_ID, "referenceid", "udl" },
    { PERMIT_REFERENCE_ID, "referenceID", "udl" },
    { PERMIT_REFERENCE_ID, "reference_id", "udl" },
    { PERMIT_AMOUNT, "amount", "pu" },
    { PERMIT_AMOUNT, "Amount", "pu" },
    { PERMIT_CURRENCY, "currency", "pu" },
    { PERMIT_CURRENCY, "CurrencyID", "pu" },
    { PERMIT_START, "startTime", "p" },
    { PERMIT_START, "StartDateUtc", "p" },
    { PERMIT_END, "endTime", "pu" },
    { PERMIT_END, "EndDateUtc", "pu" },
    { PERMIT_PLATE, "plate", "pul" },
    { PERMIT_PLATE, "LicencePlate", "pul" },
    { PERMIT_TICKET, "permitNo", "p" },
    { PERMIT_TICKET, "TicketNumber", "p" },
    { PERMIT_ZONE, "zone", "pl" },
    { PERMIT_ZONE, "ParkingZoneName", "pl" },
    { PERMIT_AT, "at", "l" },
};


static int
is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static void
on_string(void *data, int id, value_t value)
{
    size_t from, to;

    (void) data;

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


static void
on_other(void *data, int id)
{
    (void) data;

    given[id].wrong_type = 1;
}


static int
on_name(void *data, value_t key)
{
    size_t     i;
    reading_t *reading;

    reading = data;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (strlen(names[i].name) == key.len
            && memcmp(names[i].name, key.text, key.len) == 0
            && strchr(names[i].schemas, reading->schema[0]))
        {
            if (reading->reference->name[names[i].id] == NULL) {
                reading->reference->name[names[i].id] = names[i].name;
            }

            return (int) names[i].id;
        }
    }

    return -1;
}


static permit_parse_t
read_body(reader_t *reader)
{
    int object;

    if (reader->end - reader->p >= 3
        && memcmp(reader->p, "\xef\xbb\xbf", 3) == 0) {
        reader->p += 3;
    }

    reader_skip_space(reader);
    object = reader_peek(reader) == '{';
    reader_read(reader);

    if (!reader->wrong) {
        reader_skip_space(reader);

        if (reader->p != reader->end) {
            reader->wrong = READER_MALFORMED;
        }
    }

    switch (reader->wrong) {

    case READER_MALFORMED:
        return PERMIT_PARSE_MALFORMED;

    case READER_TOO_LARGE:
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
judge_one(reference_t *reference, int id, const char *schema)
{
    char   text[1024];
    size_t i;

    static const struct {
        size_t      limit;
        const char *required;
        permit_code_t (*judge)(
            reference_t *reference, int id, const char *text);
    } rules[PERMIT_ATTRIBUTES] = {
        [PERMIT_TOKEN] = { 50, "pudl", judge_identifier },
        [PERMIT_REFERENCE_ID] = { 50, "ud", judge_identifier },
        [PERMIT_AMOUNT] = { 9, "", judge_amount },
        [PERMIT_CURRENCY] = { 10, "", judge_currency },
        [PERMIT_START] = { 20, "p", judge_time },
        [PERMIT_END] = { 20, "p", judge_time },
        [PERMIT_PLATE] = { 25, "p", judge_plate },
        [PERMIT_TICKET] = { 50, "", judge_text },
        [PERMIT_ZONE] = { 200, "", judge_text },
        [PERMIT_AT] = { 20, "", judge_time },
    };

    if (given[id].wrong_type) {
        return PERMIT_INVALID_TYPE;
    }

    if (given[id].conflicting) {
        return PERMIT_CONFLICTING;
    }

    if (given[id].first.text == NULL) {

        /* a lookup needs a plate where it has no reference ID */

        if (schema[0] == 'l' && id == PERMIT_PLATE) {
            return given[PERMIT_REFERENCE_ID].first.text == NULL
                    && !given[PERMIT_REFERENCE_ID].wrong_type
                ? PERMIT_MISSING
                : PERMIT_GOOD;
        }

        return strchr(rules[id].required, schema[0]) ? PERMIT_MISSING
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
reference_read(reference_t *reference, const char *schema,
    const unsigned char *body, size_t len, size_t max_body)
{
    int       id;
    reader_t  reader;
    reading_t reading;

    static const reader_handler_t handler = { on_name, on_string, on_other };

    memset(reference, 0, sizeof(reference_t));
    memset(given, 0, sizeof(given));
    memset(&reader, 0, sizeof(reader));

    reader.p = body;
    reader.end = body + (max_body && len > max_body ? max_body : len);
    reader.handler = &handler;
    reader.data = &reading;

    reading.reference = reference;
    reading.schema = schema;

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
        reference->code[id] = judge_one(reference, id, schema);
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
