
/* permit_scan alone: UTF-8, escapes and the length of tokens, byte by byte. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "permit_scan.h"
#include "support.h"


/* Whether the bytes are valid in a string, each in a piece of its own. */

static bool
passes_apart(const char *text, size_t len)
{
    size_t                 i;
    permit_scan_t scan;
    permit_scan_status_t status;

    memset(&scan, 0, sizeof(permit_scan_t));

    for (i = 0; i < len; i++) {

        if (permit_scan_feed(&scan, text + i, 1, &status) != 1) {
            return false;
        }
    }

    /* nothing is left open: a quote may follow */

    return permit_scan_feed(&scan, "\"", 1, &status) == 1;
}


static bool
passes(const char *text, size_t len)
{
    char                   copy[32];
    size_t                 fine;
    permit_scan_t scan;
    permit_scan_status_t status;

    memset(&scan, 0, sizeof(permit_scan_t));
    memcpy(copy, text, len);
    copy[len] = '"';

    fine = permit_scan_feed(&scan, copy, len + 1, &status);

    assert_int_equal(fine == len + 1, status == PERMIT_SCAN_OK);
    assert_int_equal(fine == len + 1, passes_apart(text, len));

    return fine == len + 1;
}


/* The code point of a character of two to four bytes, by arithmetic alone. */

static bool
is_utf8(const unsigned char *p, size_t len)
{
    size_t   i;
    uint32_t code;

    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    static const unsigned leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    static const unsigned lasts[] = { 0, 0, 0xdf, 0xef, 0xf7 };

    if (p[0] < leads[len] || p[0] > lasts[len]) {
        return false;
    }

    code = p[0] - leads[len];

    for (i = 1; i < len; i++) {

        if (p[i] / 64 != 2) {
            return false;
        }

        code = code * 64 + p[i] % 64;
    }

    return code >= least[len] && code <= 0x10ffff
           && (code < 0xd800 || code > 0xdfff);
}


/* All pairs of bytes; longer ones with all that bounds a byte. */

static void
test_utf8(void **state)
{
    unsigned      a, b, c, d, n[5];
    unsigned char text[4];

    static const unsigned char edges[] = { 0x20, 0x7f, 0x80, 0x81, 0x8f, 0x90,
        0x9f, 0xa0, 0xbe, 0xbf, 0xc0, 0xc2, 0xff };

    (void) state;

    memset(n, 0, sizeof(n));

    for (a = 0x80; a < 0x100; a++) {
        text[0] = (unsigned char) a;

        assert_false(passes((char *) text, 1));

        for (b = 0x20; b < 0x100; b++) {
            text[1] = (unsigned char) b;

            assert_int_equal(passes((char *) text, 2), is_utf8(text, 2));
            n[2] += is_utf8(text, 2);

            for (c = 0; a >= 0xc0 && b >= 0x80 && c < COUNT(edges); c++) {
                text[2] = edges[c];

                /* two bytes and one of ASCII are valid too */

                if (is_utf8(text, 2)) {
                    continue;
                }

                assert_int_equal(passes((char *) text, 3), is_utf8(text, 3));
                n[3] += is_utf8(text, 3);

                for (d = 0; d < COUNT(edges); d++) {
                    text[3] = edges[d];

                    if (is_utf8(text, 3)) {
                        continue;
                    }

                    assert_int_equal(passes((char *) text, 4),
                                     is_utf8(text, 4));
                    n[4] += is_utf8(text, 4);
                }
            }
        }
    }

    /* the number of valid ones is known: 30 * 64, 960 * 8 and 256 * 8 * 8 */

    assert_int_equal(n[2], 1920);
    assert_int_equal(n[3], 7680);
    assert_int_equal(n[4], 16384);

    assert_true(passes("\xc2\xa3", 2));
}


/* All that is valid in words of eight bytes, at each place in one. */

static void
test_words(void **state)
{
    char                 text[25];
    bool                 expected;
    size_t               i, at;
    unsigned             c;
    permit_scan_t        scan;
    permit_scan_status_t status;

    static const char fills[] = { ' ', '0', 'A', 'x', '\x7f' };

    (void) state;

    for (i = 0; i < 0x80 * sizeof(fills); i++) {
        c = (unsigned) i % 0x80;
        expected = c >= 0x20 || c == '\t' || c == '\n' || c == '\r';

        for (at = 0; c != '\\' && at < sizeof(text); at++) {
            memset(text, fills[i / 0x80], sizeof(text));
            text[at] = (char) c;

            assert_int_equal(passes(text, sizeof(text)), expected);

            /* one by one, as where tokens are counted */

            memset(&scan, 0, sizeof(permit_scan_t));
            scan.bounded = true;

            assert_int_equal(permit_scan_feed(&scan, text, sizeof(text),
                                              &status),
                             expected ? sizeof(text) : at);
        }
    }
}


static void
test_escapes(void **state)
{
    int      c;
    char     text[16];
    unsigned at;

    static const char digits[] = "\\u00e9";

    (void) state;

    for (at = 2; at < 6; at++) {

        for (c = 0x20; c < 0x100; c++) {
            memcpy(text, digits, sizeof(digits));
            text[at] = (char) c;

            /* 00e9 stays clear of surrogates but for D in the first place */

            assert_int_equal(passes(text, 6), c < 0x80 && isxdigit(c));
        }
    }
}


/* Each half of a pair with what may and what may not follow it. */

static void
test_surrogates(void **state)
{
    size_t i;

    static const struct {
        const char *text;
        bool        passes;
    } cases[] = {
        { "\\ud7ff", true },
        { "\\ud800", false },
        { "\\udbff", false },
        { "\\udc00", false },
        { "\\udfff", false },
        { "\\ue000", true },
        { "\\ud800\\udc00", true },
        { "\\udbff\\udfff", true },
        { "\\uD83D\\uDE97", true },
        { "\\ud800\\udbff", false },
        { "\\ud800\\ue000", false },
        { "\\ud800\\u0041", false },
        { "\\ud800A", false },
        { "\\ud800\\n", false },
        { "\\ud800\\\"", false },
        { "\\ud800\xc3\xa9", false },
        { "\\udc00\\ud800", false },
        { "\\ud800\\udc00\\udc00", false },
        { "\\ud800\\udc00\\ud800", false },
        { "\\ud800\\udc00\\ud800\\udc00", true },
        { "\\\\ud800", true },
        { "\\\xc3\xa9", true },  /* left to yajl, which refuses it */
        { "\\\xc3(", false },
        { "\\\xff", false },
        { "\\\x80", false },
        { "\\\x7f", true },    /* likewise */
        { "\\\\\xff", false },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {

        if (passes(cases[i].text, strlen(cases[i].text)) != cases[i].passes) {
            fail_msg("%s", cases[i].text);
        }
    }
}


/* How much passes of a prefix, so many bytes of a token and an x. */

static size_t
passes_long(const char *prefix, char byte, size_t len, size_t piece)
{
    char                  *text;
    size_t                 i, n, fine, size;
    permit_scan_t scan;
    permit_scan_status_t status;

    memset(&scan, 0, sizeof(permit_scan_t));
    scan.bounded = true;

    size = strlen(prefix) + len;
    text = malloc(size);
    assert_non_null(text);
    memcpy(text, prefix, strlen(prefix));
    memset(text + strlen(prefix), byte, len);

    for (i = 0; i < size; i += n) {
        n = piece && piece < size - i ? piece : size - i;
        fine = permit_scan_feed(&scan, text + i, n, &status);

        if (fine != n) {
            assert_int_equal(status, PERMIT_SCAN_LONG_TOKEN);
            i += fine;
            break;
        }
    }

    free(text);

    return i - strlen(prefix);
}


/* A token starts with length 0, whatever is before it. */

static void
test_tokens(void **state)
{
    char   before[128];
    size_t i, piece;

    static const char *prefixes[] = { "\"", "{\"", "7\"", "\"a\"\"",
        "\"a\":\"", "\"a\\\"", "123,\"", " ", "{", "}", "[", "]", ":", ",",
        "\t", "\n", "\r", "1 ", "1\t", "1\n", "1\r", "1{", "1}", "1[", "1]",
        "1:", "1,", "\"a\"", "\"a\\\\\"", "\"a\\u0022\"" };

    (void) state;

    for (i = 0; i < COUNT(prefixes); i++) {
        snprintf(before, sizeof(before), "%s", prefixes[i]);

        for (piece = 0; piece < 5000; piece += 4096) {

            /* "a\" is one string still, of three bytes before it */

            size_t most = PERMIT_MAX_TOKEN
                          - (strcmp(before, "\"a\\\"") == 0 ? 3 : 0);

            assert_int_equal(passes_long(before, '1', most, piece), most);
            assert_int_equal(passes_long(before, '1', most + 9, piece), most);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_surrogates),
        cmocka_unit_test(test_tokens),
    };

    return cmocka_run_group_tests_name("permit scan", tests, NULL, NULL);
}
