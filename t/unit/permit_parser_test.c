
/* A body: JSON, its limits and its memory. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "permit_json.h"
#include "permit_scan.h"
#include "permit_schema.h"
#include "support.h"


typedef struct {
    const char    *body;
    size_t         len; /* 0: strlen() */
    permit_parse_t outcome;
    size_t         offset;
} parsed_t;


#define DEEP32_OPEN  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define DEEP32_CLOSE "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

static void
test_syntax(void **state)
{
    size_t         i, piece, len, offset;
    permit_parse_t outcome;

    static const parsed_t cases[] = {
        { "{}", 0, PERMIT_PARSE_OK, 0 },
        { " \t\r\n{ } \n", 0, PERMIT_PARSE_OK, 0 },
        { "\xef\xbb\xbf{}", 0, PERMIT_PARSE_OK, 0 },
        { "\xef\xbb\xbf {}", 0, PERMIT_PARSE_OK, 0 },
        { "{\"a\":" DEEP32_OPEN DEEP32_CLOSE "}", 0, PERMIT_PARSE_OK, 0 },
        { "{\"a\":-0.0e-1,\"b\":1E+5,\"c\":123456789012345678901234567890}", 0,
            PERMIT_PARSE_OK, 0 },
        { "", 0, PERMIT_PARSE_MALFORMED, 0 },
        { "\xef\xbb\xbf", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "\xef\xbb{}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}\xef\xbb\xbf", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\"a\"", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "{\"a\":1", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":1,}", 0, PERMIT_PARSE_MALFORMED, 8 },
        { "{} x", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "{}{}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}\"abc", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}tru", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{},", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}\0", 3, PERMIT_PARSE_MALFORMED, 2 },
        { "{\"a\":01}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":.5}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":NaN}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{'a':1}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{a:1}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{/**/}", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\v}", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\f}", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\"a\":\"\n\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\x01\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\\x\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\\u12g4\"}", 0, PERMIT_PARSE_MALFORMED, 10 },
        { "{\"a\":\"\\ud800\"}", 0, PERMIT_PARSE_MALFORMED, 12 },
        { "{\"a\":\"\\udc00\"}", 0, PERMIT_PARSE_MALFORMED, 11 },
        { "{\"a\":\"\\ud800\\u0041\"}", 0, PERMIT_PARSE_MALFORMED, 17 },
        { "{\"a\":\"\\ud800\\n\"}", 0, PERMIT_PARSE_MALFORMED, 13 },
        { "{\"a\":\"\\ud800\\ud800\"}", 0, PERMIT_PARSE_MALFORMED, 17 },
        { "{\"a\":\"\x80\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\xc0\x80\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\xc3(\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xe0\x9f\xbf\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xed\xa0\x80\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xf0\x8f\xbf\xbf\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xf4\x90\x80\x80\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xf5\x80\x80\x80\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\xff\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":" DEEP32_OPEN "[]" DEEP32_CLOSE "}", 0,
            PERMIT_PARSE_MALFORMED, 37 },
        { "[" DEEP32_OPEN "[", 0, PERMIT_PARSE_MALFORMED, 33 },
        { "[]", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "[1,{\"apiToken\":\"x\"}] ", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "null", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "true", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "12", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "-1.5e3 ", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "\"{}\"", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "12 3", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "\"a\" b", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "[1,2", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "tru", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "-", 0, PERMIT_PARSE_MALFORMED, 1 },
    };

    (void) state;

    /* yajl's offset is that of the whole: a split may move it by a token */

    for (i = 0; i < COUNT(cases); i++) {
        len = cases[i].len ? cases[i].len : strlen(cases[i].body);

        for (piece = 0; piece < 4; piece++) {
            outcome = parse_as(
                &permit_schema_push, cases[i].body, len, piece, &offset);

            if (outcome != cases[i].outcome
                || (outcome == PERMIT_PARSE_MALFORMED && piece == 0
                    && offset != cases[i].offset))
            {
                fail_msg("%s in pieces of %zu: %d at %zu, not %d at %zu",
                    cases[i].body, piece, outcome, offset, cases[i].outcome,
                    cases[i].offset);
            }

            memory_end(&memory);
        }
    }
}


/* Errors not left to yajl are found at their offset, however split. */

static void
test_offset(void **state)
{
    size_t i, piece, offset;

    static const parsed_t cases[] = {
        { "\xef\xbb{}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}  x", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "{}  \xff", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "{\"a\":\"bc\xc3(\"}", 0, PERMIT_PARSE_MALFORMED, 9 },
        { "{\"a\":\"\\u12g4\"}", 0, PERMIT_PARSE_MALFORMED, 10 },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {

        for (piece = 0; piece < 6; piece++) {
            assert_int_equal(parse_as(&permit_schema_push, cases[i].body,
                                      strlen(cases[i].body), piece, &offset),
                             cases[i].outcome);
            assert_int_equal(offset, cases[i].offset);

            memory_end(&memory);
        }
    }
}


/* {"a":"xxx..."} or {"a":111...} of a token of len bytes. */

static char *
long_token(size_t len, bool string, size_t *size)
{
    char *body;

    body = malloc(len + 16);
    assert_non_null(body);

    *size = (size_t) sprintf(body, "{\"a\":%s", string ? "\"" : "");
    memset(body + *size, string ? 'x' : '1', len);
    *size += len;
    *size += (size_t) sprintf(body + *size, "%s}", string ? "\"" : "");

    return body;
}


static void
test_long_token(void **state)
{
    char          *body;
    size_t         i, len, piece;
    permit_parse_t outcome;

    static const size_t pieces[] = { 0, 999, 65536 };

    (void) state;

    rules.max_body = 1000000;

    for (len = PERMIT_MAX_TOKEN - 1; len <= PERMIT_MAX_TOKEN + 2; len++) {

        for (i = 0; i < 2 * COUNT(pieces); i++) {
            body = long_token(len, i & 1, &piece);
            outcome = parse_as(
                &permit_schema_push, body, piece, pieces[i / 2], NULL);

            assert_int_equal(outcome,
                len <= PERMIT_MAX_TOKEN ? PERMIT_PARSE_OK
                                        : PERMIT_PARSE_TOO_LARGE);

            memory_end(&memory);
            free(body);
        }
    }

    rules.max_body = 16384;
}


static void
test_large_body(void **state)
{
    static char body[200];

    (void) state;

    memset(body, ' ', sizeof(body));
    memcpy(body, "{}", 2);

    rules.max_body = 100;

    assert_int_equal(
        parse_as(&permit_schema_push, body, 100, 7, NULL), PERMIT_PARSE_OK);
    memory_end(&memory);

    assert_int_equal(parse_as(&permit_schema_push, body, 101, 0, NULL),
        PERMIT_PARSE_TOO_LARGE);
    memory_end(&memory);

    assert_int_equal(parse_as(&permit_schema_push, body, 101, 7, NULL),
        PERMIT_PARSE_TOO_LARGE);
    memory_end(&memory);

    /* what is wrong before the limit is reported first */

    body[99] = 'x';
    assert_int_equal(parse_as(&permit_schema_push, body, 200, 0, NULL),
        PERMIT_PARSE_MALFORMED);
    memory_end(&memory);

    rules.max_body = 0;
    body[99] = ' ';
    assert_int_equal(
        parse_as(&permit_schema_push, body, 200, 0, NULL), PERMIT_PARSE_OK);
    memory_end(&memory);

    rules.max_body = 16384;
}


static void
test_no_memory(void **state)
{
    size_t           fail_at;
    permit_parse_t   outcome;
    permit_parser_t *parser;

    static const char body[] = "{\"zone\":\"\\u0041" X200 X200
                               "\",\"b\":[1,2] }";

    (void) state;

    for (fail_at = 1;; fail_at++) {
        interface = memory_start(&memory);
        memory.fail_at = fail_at;
        outcome = PERMIT_PARSE_NO_MEMORY;

        parser = permit_parser_create(
            &permit, &permit_schema_push, &rules, &interface);
        if (parser) {
            (void) permit_parser_feed(parser, body, 20);
            (void) permit_parser_feed(parser, body + 20, sizeof(body) - 21);
            outcome = permit_parser_finish(parser);
        }

        memory_end(&memory);

        if (outcome == PERMIT_PARSE_OK) {
            break;
        }

        assert_int_equal(outcome, PERMIT_PARSE_NO_MEMORY);
    }

    /* the parser with yajl's parts, its two buffers and the long value */

    assert_in_range(fail_at, 5, 30);
}


/* An error is final: what comes later changes nothing. */

static void
test_final(void **state)
{
    size_t           i, offset;
    permit_parse_t   outcome;
    permit_parser_t *parser;

    static const struct {
        const char    *body;
        permit_parse_t outcome;
        const char    *reason;
    } cases[] = {
        { "\xef\xbb{", PERMIT_PARSE_MALFORMED, "unexpected character" },
        { "{]", PERMIT_PARSE_MALFORMED, "unexpected character" },
        { "{\"\xff", PERMIT_PARSE_MALFORMED, "invalid UTF-8" },
        { "{\"\\ud800\"", PERMIT_PARSE_MALFORMED, "invalid \\u escape" },
        { "{\x01", PERMIT_PARSE_MALFORMED, "unexpected control character" },
        { "{}}", PERMIT_PARSE_MALFORMED,
          "unexpected text after the end of the value" },
        { DEEP32_OPEN "[[", PERMIT_PARSE_MALFORMED, "nested too deeply" },
        { "{                                                 ",
          PERMIT_PARSE_TOO_LARGE, NULL },
    };

    (void) state;

    rules.max_body = 40;

    for (i = 0; i < COUNT(cases); i++) {
        interface = memory_start(&memory);
        parser = permit_parser_create(&permit, &permit_schema_push, &rules,
                                      &interface);

        outcome = permit_parser_feed(parser, cases[i].body,
                                     strlen(cases[i].body));
        assert_int_equal(outcome, cases[i].outcome);

        offset = permit_parser_offset(parser);

        assert_int_equal(permit_parser_feed(parser, "{}", 2), outcome);
        assert_int_equal(permit_parser_finish(parser), outcome);
        assert_int_equal(permit_parser_finish(parser), outcome);
        assert_int_equal(permit_parser_offset(parser), offset);

        if (cases[i].reason) {
            assert_string_equal(permit_parser_reason(parser),
                                cases[i].reason);
        }

        memory_end(&memory);
    }

    rules.max_body = 16384;
}


/* What yajl needed for a body in pieces is freed at the end. */

static void
test_freed(void **state)
{
    size_t           i;
    permit_parser_t *parser;

    static const char body[] = "{\"a\":\"\\u0041\",\"b\":1}";

    (void) state;

    interface = memory_start(&memory);
    parser = permit_parser_create(&permit, &permit_schema_push, &rules,
                                  &interface);

    for (i = 0; i < sizeof(body) - 1; i++) {
        assert_int_equal(permit_parser_feed(parser, body + i, 1),
                         PERMIT_PARSE_OK);
    }

    assert_int_equal(memory.nblocks, 3);
    assert_int_equal(permit_parser_finish(parser), PERMIT_PARSE_OK);
    assert_ptr_equal(memory.blocks[0], parser);
    assert_null(memory.blocks[1]);
    assert_null(memory.blocks[2]);
    memory_end(&memory);

    /* to find that a body is incomplete may need memory */

    interface = memory_start(&memory);
    memory.fail_at = 3;
    parser = permit_parser_create(&permit, &permit_schema_push, &rules,
                                  &interface);

    for (i = 0; i < 2047; i++) {
        assert_int_equal(permit_parser_feed(parser, i ? "x" : "\"", 1),
                         PERMIT_PARSE_OK);
    }

    assert_int_equal(permit_parser_finish(parser), PERMIT_PARSE_NO_MEMORY);
    assert_int_equal(permit_parser_finish(parser), PERMIT_PARSE_NO_MEMORY);
    memory_end(&memory);
}


/* Even with a buffer that is too small for yajl, no memory is an outcome. */

static void
test_no_memory_at_start(void **state)
{
    void         *buffer[1];
    size_t        fail_at;
    permit_json_t json;

    (void) state;

    for (fail_at = 1;; fail_at++) {
        interface = memory_start(&memory);
        memory.fail_at = fail_at;

        permit_json_init(&json, &interface, buffer, sizeof(buffer));

        if (permit_json_start(&json, &permit, &permit_schema_push,
                              &interface))
        {
            break;
        }

        memory_end(&memory);
    }

    /* three blocks: the handle, a buffer and the stack */

    assert_int_equal(fail_at, 4);

    permit_json_end(&json);
    assert_null(memory.blocks[0]);
    memory_end(&memory);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_offset),
        cmocka_unit_test(test_long_token),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_memory_at_start),
        cmocka_unit_test(test_final),
        cmocka_unit_test(test_freed),
    };

    return cmocka_run_group_tests_name("permit parser", tests, NULL, NULL);
}
