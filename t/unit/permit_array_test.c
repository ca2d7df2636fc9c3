
/* An array of bodies: its outcomes, offsets and limits. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "permit_array.h"
#include "permit_scan.h"
#include "permit_schema.h"


#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define DEEP31_OPEN  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define DEEP31_CLOSE "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

/* Elements: o an object, x something else. */

typedef struct {
    const char    *body;
    const char    *elements;
    permit_parse_t outcome;
    size_t         offset; /* of what is malformed, the body fed whole */
} array_case_t;


static const permit_text_t currencies[] = { PERMIT_TEXT("CAD"),
    PERMIT_TEXT("USD") };

static permit_rules_t rules = {
    .currencies = currencies,
    .ncurrencies = 2,
    .currencies_text = "one of CAD, USD",
    .max_body = 40,
};

static memory_t        memory;
static permit_memory_t interface;
static permit_t        permit;


/* Reads a body in pieces of a size (0: whole); lists its elements. */

static permit_parse_t
read_array(const char *body, size_t len, size_t piece, char *elements,
    size_t *offset)
{
    size_t          n, pos, consumed;
    permit_array_t *array;
    permit_parse_t  outcome;

    interface = memory_start(&memory);
    array = permit_array_create(&permit, &permit_schema_push, &rules,
                                &interface);
    assert_non_null(array);

    pos = 0;

    for (;;) {
        n = piece && piece < len - pos ? piece : len - pos;
        outcome = permit_array_feed(array, body + pos, n, &consumed);
        pos += consumed;

        if (outcome == PERMIT_PARSE_ELEMENT) {
            *elements++ = 'o';

        } else if (outcome == PERMIT_PARSE_NOT_AN_OBJECT) {
            *elements++ = 'x';

        } else if (outcome != PERMIT_PARSE_OK) {
            break;

        } else {
            assert_int_equal(consumed, n);

            if (pos == len) {
                outcome = permit_array_finish(array);
                break;
            }
        }
    }

    *elements = '\0';

    /* a final outcome does not change */

    assert_int_equal(permit_array_finish(array), outcome);

    if (outcome != PERMIT_PARSE_OK) {
        assert_int_equal(permit_array_feed(array, "[", 1, &consumed), outcome);
        assert_int_equal(consumed, 0);
    }

    *offset = permit_array_offset(array);

    if (outcome == PERMIT_PARSE_MALFORMED) {
        assert_non_null(permit_array_reason(array));
    }

    memory_end(&memory);

    return outcome;
}


static void
check(const array_case_t *cases, size_t ncases)
{
    char           elements[64];
    size_t         i, piece, offset;
    permit_parse_t outcome;

    for (i = 0; i < ncases; i++) {

        for (piece = 0; piece < 9; piece++) {
            outcome = read_array(cases[i].body, strlen(cases[i].body), piece,
                                 elements, &offset);

            if (outcome != cases[i].outcome
                || strcmp(elements, cases[i].elements) != 0
                || (outcome == PERMIT_PARSE_MALFORMED && piece == 0
                    && offset != cases[i].offset))
            {
                fail_msg("%s in pieces of %zu: %s, %d at %zu",
                         cases[i].body, piece, elements, outcome, offset);
            }
        }
    }
}


static void
test_arrays(void **state)
{
    static const array_case_t cases[] = {
        { "[]", "", PERMIT_PARSE_OK, 0 },
        { " \t\r\n[ \n] \r\n", "", PERMIT_PARSE_OK, 0 },
        { "\xef\xbb\xbf[]", "", PERMIT_PARSE_OK, 0 },
        { "\xef\xbb\xbf [ {} ]", "o", PERMIT_PARSE_OK, 0 },
        { "[{},{}]", "oo", PERMIT_PARSE_OK, 0 },
        { " [ {\"a\":\"}],{\"} , {\"b\":[{},{}]}\n,{}\t]", "ooo",
          PERMIT_PARSE_OK, 0 },
        { "[1]", "x", PERMIT_PARSE_OK, 0 },
        { "[{},1,-2.5e3 ,\"a]\",null,true,false,[],[[{}]],{}]",
          "oxxxxxxxxo", PERMIT_PARSE_OK, 0 },
        { "[0,0,0]", "xxx", PERMIT_PARSE_OK, 0 },
    };

    (void) state;

    check(cases, COUNT(cases));
}


static void
test_not_arrays(void **state)
{
    static const array_case_t cases[] = {
        { "{}", "", PERMIT_PARSE_NOT_AN_ARRAY, 0 },
        { " {\"a\":[{}]} \n", "", PERMIT_PARSE_NOT_AN_ARRAY, 0 },
        { "null", "", PERMIT_PARSE_NOT_AN_ARRAY, 0 },
        { "\"[]\"", "", PERMIT_PARSE_NOT_AN_ARRAY, 0 },
        { "12", "", PERMIT_PARSE_NOT_AN_ARRAY, 0 },
        { "-1.5e3 ", "", PERMIT_PARSE_NOT_AN_ARRAY, 0 },
        { "{}x", "", PERMIT_PARSE_MALFORMED, 2 },
        { "{} []", "", PERMIT_PARSE_MALFORMED, 3 },
        { "12 3", "", PERMIT_PARSE_MALFORMED, 3 },
        { "{", "", PERMIT_PARSE_MALFORMED, 1 },
        { "-", "", PERMIT_PARSE_MALFORMED, 1 },
        { "tru", "", PERMIT_PARSE_MALFORMED, 3 },
        { "x", "", PERMIT_PARSE_MALFORMED, 1 },
        { "]", "", PERMIT_PARSE_MALFORMED, 1 },
    };

    (void) state;

    check(cases, COUNT(cases));
}


static void
test_malformed(void **state)
{
    static const array_case_t cases[] = {
        { "", "", PERMIT_PARSE_MALFORMED, 0 },
        { " ", "", PERMIT_PARSE_MALFORMED, 1 },
        { "\xef\xbb\xbf", "", PERMIT_PARSE_MALFORMED, 3 },
        { "\xef\xbb[]", "", PERMIT_PARSE_MALFORMED, 2 },
        { "[\xef\xbb\xbf{}]", "", PERMIT_PARSE_MALFORMED, 2 },
        { "[{}\xef\xbb\xbf]", "o", PERMIT_PARSE_MALFORMED, 3 },
        { "[", "", PERMIT_PARSE_MALFORMED, 1 },
        { "[ ", "", PERMIT_PARSE_MALFORMED, 2 },
        { "[{}", "o", PERMIT_PARSE_MALFORMED, 3 },
        { "[{} ,", "o", PERMIT_PARSE_MALFORMED, 5 },
        { "[{},{", "o", PERMIT_PARSE_MALFORMED, 5 },
        { "[12", "", PERMIT_PARSE_MALFORMED, 3 },
        { "[,{}]", "", PERMIT_PARSE_MALFORMED, 2 },
        { "[{},]", "o", PERMIT_PARSE_MALFORMED, 5 },
        { "[{},,{}]", "o", PERMIT_PARSE_MALFORMED, 5 },
        { "[{}{}]", "o", PERMIT_PARSE_MALFORMED, 3 },
        { "[{}:{}]", "o", PERMIT_PARSE_MALFORMED, 3 },
        { "[{}}", "o", PERMIT_PARSE_MALFORMED, 3 },
        { "[1 2]", "x", PERMIT_PARSE_MALFORMED, 3 },
        { "[01]", "x", PERMIT_PARSE_MALFORMED, 2 },
        { "[{},{\"a\" 1},{}]", "o", PERMIT_PARSE_MALFORMED, 10 },
        { "[{},{\"a\":1]", "o", PERMIT_PARSE_MALFORMED, 10 },
        { "[{}]x", "o", PERMIT_PARSE_MALFORMED, 4 },
        { "[{}] []", "o", PERMIT_PARSE_MALFORMED, 5 },
        { "[{}],", "o", PERMIT_PARSE_MALFORMED, 4 },
        { "[{}]\"abc", "o", PERMIT_PARSE_MALFORMED, 4 },
        { "[{},\"\xff\",{}]", "o", PERMIT_PARSE_MALFORMED, 5 },
        { "[{}]\xff", "o", PERMIT_PARSE_MALFORMED, 4 },
        { "[{}\x01]", "o", PERMIT_PARSE_MALFORMED, 3 },
        { "[{},{\"a\":\"\\ud800\"},{}]", "o", PERMIT_PARSE_MALFORMED, 16 },
        { "[{},{},{\"a\":nul},{}]", "oo", PERMIT_PARSE_MALFORMED, 15 },
    };

    (void) state;

    check(cases, COUNT(cases));
}


/* Each element may have 40 bytes here, whatever stands around it. */

static void
test_limit(void **state)
{
    static const array_case_t cases[] = {
        { "[{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"},{}]", "oo",
          PERMIT_PARSE_OK, 0 },
        { "[{},{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"},{}]", "o",
          PERMIT_PARSE_TOO_LARGE, 0 },
        { "[{}, {\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "o",
          PERMIT_PARSE_TOO_LARGE, 0 },
        { "[                                                    {}        "
          "                                                     ]", "o",
          PERMIT_PARSE_OK, 0 },
        { "[1234567890123456789012345678901234567890,{}]", "xo",
          PERMIT_PARSE_OK, 0 },
        { "[1234567890123456789012345678901234567890 ,{}]", "xo",
          PERMIT_PARSE_OK, 0 },
        { "[12345678901234567890123456789012345678901,{}]", "",
          PERMIT_PARSE_TOO_LARGE, 0 },
        { "[123456789012345678901234567890123456789e-5]", "",
          PERMIT_PARSE_TOO_LARGE, 0 },
        { "[1234567890123456789012345678901234567890-5]", "x",
          PERMIT_PARSE_MALFORMED, 41 },
        { "[123456789012345678901234567890123456789.5]", "",
          PERMIT_PARSE_TOO_LARGE, 0 },
        { "[1234567890123456789012345678901234567890\x01", "x",
          PERMIT_PARSE_MALFORMED, 41 },
        { "[\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",{}]", "xo",
          PERMIT_PARSE_OK, 0 },
        { "[\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",{}]", "",
          PERMIT_PARSE_TOO_LARGE, 0 },

        /* what is wrong before the limit comes first */

        { "[{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xff\"}]", "",
          PERMIT_PARSE_MALFORMED, 38 },
        { "[{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xff", "",
          PERMIT_PARSE_TOO_LARGE, 0 },
        { "[{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xff", "",
          PERMIT_PARSE_MALFORMED, 40 },

        /* a value that is no array is limited too */

        { "{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}", "",
          PERMIT_PARSE_TOO_LARGE, 0 },
        { "1234567890123456789012345678901234567890\n", "",
          PERMIT_PARSE_NOT_AN_ARRAY, 0 },
        { "1234567890123456789012345678901234567890\x01", "",
          PERMIT_PARSE_MALFORMED, 40 },
        { "12345678901234567890123456789012345678901", "",
          PERMIT_PARSE_TOO_LARGE, 0 },
    };

    (void) state;

    check(cases, COUNT(cases));
}


static void
test_depth(void **state)
{
    static const array_case_t cases[] = {
        { "[{\"a\":" DEEP31_OPEN DEEP31_CLOSE "},{}]", "oo",
          PERMIT_PARSE_OK, 0 },
        { "[{},{\"a\":" DEEP31_OPEN "[]" DEEP31_CLOSE "},{}]", "o",
          PERMIT_PARSE_MALFORMED, 41 },
        { "[[" DEEP31_OPEN DEEP31_CLOSE "],{}]", "xo", PERMIT_PARSE_OK, 0 },
        { "[[" DEEP31_OPEN "[]" DEEP31_CLOSE "],{}]", "",
          PERMIT_PARSE_MALFORMED, 34 },
    };

    (void) state;

    rules.max_body = 1000;
    check(cases, COUNT(cases));
    rules.max_body = 40;
}


static void
test_long_token(void **state)
{
    char          *body, elements[8];
    size_t         i, len, size, offset;
    permit_parse_t outcome;

    static const size_t pieces[] = { 0, 999, 65536 };

    (void) state;

    rules.max_body = 0;

    for (len = PERMIT_MAX_TOKEN - 1; len <= PERMIT_MAX_TOKEN + 1; len++) {
        body = malloc(len + 32);
        assert_non_null(body);

        size = (size_t) sprintf(body, "[{},{\"a\":\"");
        memset(body + size, 'x', len);
        size += len;
        size += (size_t) sprintf(body + size, "\"},{}]");

        for (i = 0; i < COUNT(pieces); i++) {
            outcome = read_array(body, size, pieces[i], elements, &offset);

            assert_string_equal(elements,
                                len <= PERMIT_MAX_TOKEN ? "ooo" : "o");
            assert_int_equal(outcome, len <= PERMIT_MAX_TOKEN
                                      ? PERMIT_PARSE_OK
                                      : PERMIT_PARSE_TOO_LARGE);
        }

        free(body);
    }

    rules.max_body = 40;
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_not_arrays),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_long_token),
    };

    return cmocka_run_group_tests_name("permit array", tests, NULL, NULL);
}
