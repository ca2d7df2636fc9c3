
/* Compares permit_array with permit_parser, element by element: compare.h. */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "memory.h"
#include "permit_array.h"
#include "permit_schema.h"
#include "permit_validate.h"
#include "reference_json.h"


#define PLACES 3


/* Where elements go in turn; what is there must stay until its next turn. */

typedef struct {
    permit_t        permit;
    memory_t        memory;
    permit_memory_t interface;
    uint64_t        sum;
} place_t;


typedef struct {
    const uint8_t *body;
    size_t         len;
    permit_rules_t rules;
    reader_t       reader;

    /* what must come next */

    size_t         start; /* of the element, or of where it should be */
    size_t         end;
    permit_parse_t outcome;
    int            vague; /* a number followed by an unexpected byte */
    permit_t       permit;
    memory_t       memory;
} expected_t;


static const permit_text_t currencies[] = { PERMIT_TEXT("CAD"),
    PERMIT_TEXT("USD") };


/* Only the end of a value is of interest here. */

static int
on_name(void *data, value_t name)
{
    (void) data;
    (void) name;

    return -1;
}


static const reader_handler_t handler = { .name = on_name };


static uint64_t
sum_text(uint64_t sum, permit_text_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        sum = (sum ^ (unsigned char) text.data[i]) * 1099511628211u;
    }

    return sum * 31 + text.len;
}


/* Of all that a permit contains, and of the names that were used. */

static uint64_t
sum_permit(permit_t *permit)
{
    int      id;
    uint64_t sum;

    sum = 14695981039346656037u;

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {
        sum = sum_text(sum, permit->given[id].text);
        sum = sum * 31 + permit->given[id].wrong_type;
        sum = sum * 31 + permit->given[id].conflicting;
        sum = sum * 31 + (uintptr_t) permit->given[id].name;
        sum = sum * 31 + permit->code[id];
        sum = sum_text(sum, permit->stored[id][0]);
        sum = sum_text(sum, permit->stored[id][1]);
    }

    return sum * 31 + (uint64_t) (permit->start_ts ^ permit->end_ts);
}


static void
validate(permit_t *permit, const permit_rules_t *rules)
{
    (void) permit_validate_token(permit);
    (void) permit_validate(permit, rules);
}


/* The result of the parser of a single body for the bytes start to end. */

static void
expect_parsed(expected_t *expected)
{
    permit_memory_t  interface;
    permit_parser_t *parser;

    /* a byte order mark belongs to a body and not to an element */

    if (expected->start < expected->end
        && expected->body[expected->start] == 0xef)
    {
        expected->outcome = PERMIT_PARSE_MALFORMED;
        return;
    }

    interface = memory_start(&expected->memory);

    parser = permit_parser_create(&expected->permit, &permit_schema_push,
                                  &expected->rules, &interface);

    (void) permit_parser_feed(parser,
                              (const char *) expected->body + expected->start,
                              expected->end - expected->start);

    expected->outcome = permit_parser_finish(parser);

    if (expected->outcome == PERMIT_PARSE_OK) {
        validate(&expected->permit, &expected->rules);
        expected->outcome = PERMIT_PARSE_ELEMENT;
    }
}


static void
expect_element(expected_t *expected)
{
    int       c, number;
    reader_t *reader;

    reader = &expected->reader;

    reader_skip_space(reader);
    expected->start = (size_t) (reader->p - expected->body);

    c = reader_peek(reader);
    number = c == '-' || (c >= '0' && c <= '9');

    reader_read(reader);

    expected->end = reader->wrong ? expected->len
                                  : (size_t) (reader->p - expected->body);

    expect_parsed(expected);

    if (reader->wrong) {
        return;
    }

    c = reader_peek(reader);
    expected->vague = number && c != ',' && c != ']' && c != ' ' && c != '\n'
                      && c != '\r' && c != '\t';
}


/* Behind the array, or behind a value that is not one. */

static void
expect_end(expected_t *expected, permit_parse_t outcome)
{
    reader_skip_space(&expected->reader);

    expected->outcome = expected->reader.p == expected->reader.end
                        ? outcome : PERMIT_PARSE_MALFORMED;
}


static void
expect_start(expected_t *expected)
{
    if (expected->len >= 3 && memcmp(expected->body, "\xef\xbb\xbf", 3) == 0) {
        expected->reader.p += 3;
    }

    reader_skip_space(&expected->reader);

    if (reader_peek(&expected->reader) == '[') {
        expected->reader.p++;
        reader_skip_space(&expected->reader);

        if (reader_peek(&expected->reader) == ']') {
            expected->reader.p++;
            expect_end(expected, PERMIT_PARSE_OK);
            return;
        }

        expect_element(expected);
        return;
    }

    expect_element(expected);

    if (expected->outcome == PERMIT_PARSE_ELEMENT
        || expected->outcome == PERMIT_PARSE_NOT_AN_OBJECT)
    {
        memory_end(&expected->memory);
        expect_end(expected, PERMIT_PARSE_NOT_AN_ARRAY);
    }
}


static void
expect_next(expected_t *expected)
{
    memory_end(&expected->memory);

    reader_skip_space(&expected->reader);

    switch (reader_peek(&expected->reader)) {

    case ',':
        expected->reader.p++;
        expect_element(expected);
        break;

    case ']':
        expected->reader.p++;
        expect_end(expected, PERMIT_PARSE_OK);
        break;

    default:
        expected->outcome = PERMIT_PARSE_MALFORMED;
    }
}


static unsigned
differs(expected_t *expected, place_t *place, permit_parse_t outcome)
{
    if (outcome != expected->outcome) {

        if (expected->vague && (outcome == PERMIT_PARSE_MALFORMED
                                || outcome == PERMIT_PARSE_TOO_LARGE))
        {
            return 0;
        }

        fprintf(stderr, "at %zu: %d, not %d\n", expected->start, outcome,
                expected->outcome);
        return 1;
    }

    if (outcome == PERMIT_PARSE_ELEMENT) {
        validate(&place->permit, &expected->rules);
        place->sum = sum_permit(&place->permit);

        if (place->sum != sum_permit(&expected->permit)) {
            fprintf(stderr, "at %zu: another permit\n", expected->start);
            return 1;
        }
    }

    return 0;
}


/* The element before the last one must be as it was. */

static unsigned
turn(permit_array_t *array, place_t *place)
{
    unsigned n;

    n = place->sum && place->sum != sum_permit(&place->permit);

    if (n) {
        fprintf(stderr, "an earlier permit has changed\n");
    }

    memory_end(&place->memory);

    place->sum = 0;
    place->interface = memory_start(&place->memory);

    permit_array_set_permit(array, &place->permit, &place->interface);

    return n;
}


/* One piece, in a copy that is freed immediately. */

static permit_parse_t
feed(permit_array_t *array, const uint8_t *data, size_t len, size_t *consumed)
{
    char          *piece;
    permit_parse_t outcome;

    piece = malloc(len ? len : 1);
    memcpy(piece, data, len);
    outcome = permit_array_feed(array, piece, len, consumed);
    free(piece);

    if (*consumed > len || (outcome == PERMIT_PARSE_OK && *consumed != len)) {
        fprintf(stderr, "%zu of %zu bytes consumed\n", *consumed, len);
        abort();
    }

    return outcome;
}


static size_t
draw(uint64_t *seed, size_t left)
{
    size_t n;

    if (*seed == 0) {
        return left;
    }

    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    n = (size_t) ((*seed >> 33) % ((*seed >> 60) > 3 ? 300 : 7));

    return n < left ? n : left;
}


static unsigned
read_array(permit_array_t *array, expected_t *expected, place_t *places,
    uint64_t seed)
{
    size_t         pos, consumed;
    unsigned       n, at;
    permit_parse_t outcome;

    pos = 0;
    at = 0;

    for (;;) {

        do {
            outcome = feed(array, expected->body + pos,
                           draw(&seed, expected->len - pos), &consumed);
            pos += consumed;

        } while (outcome == PERMIT_PARSE_OK && pos < expected->len);

        if (outcome == PERMIT_PARSE_OK) {
            outcome = permit_array_finish(array);
        }

        n = differs(expected, &places[at], outcome);

        if (n || (outcome != PERMIT_PARSE_ELEMENT
                  && outcome != PERMIT_PARSE_NOT_AN_OBJECT))
        {
            return n;
        }

        at = (at + 1) % PLACES;

        if (turn(array, &places[at])) {
            return 1;
        }

        expect_next(expected);
    }
}


unsigned
compare_array(const uint8_t *body, size_t len, size_t max_body, uint64_t seed)
{
    unsigned        i, n;
    memory_t        memory;
    expected_t      expected;
    permit_array_t *array;
    permit_memory_t interface;
    static place_t  places[PLACES];

    memset(&expected, 0, sizeof(expected_t));
    memset(places, 0, sizeof(places));

    expected.body = body;
    expected.len = len;
    expected.rules.currencies = currencies;
    expected.rules.ncurrencies = 2;
    expected.rules.currencies_text = "";
    expected.rules.max_body = max_body;
    expected.reader.p = body;
    expected.reader.end = body + len;
    expected.reader.handler = &handler;

    interface = memory_start(&memory);
    places[0].interface = memory_start(&places[0].memory);

    array = permit_array_create(&places[0].permit, &permit_schema_push,
                                &expected.rules, &interface);
    permit_array_set_permit(array, &places[0].permit, &places[0].interface);

    expect_start(&expected);

    n = read_array(array, &expected, places, seed);

    for (i = 0; i < PLACES; i++) {
        memory_end(&places[i].memory);
    }

    memory_end(&expected.memory);
    memory_end(&memory);

    return n;
}
