
/* Commands as hiredis would write them, replies in pieces of any size. */


#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ngx_opscom_permits.h"
#include "ngx_opscom_resp.h"


#define COUNT(table) (sizeof(table) / sizeof((table)[0]))


typedef struct {
    const char          *reply;
    ngx_int_t            rc;
    ngx_opscom_verdict_t verdict;
    const char          *label;
    const char          *reference_id;
} result_t;


static ngx_log_t log;


static void
assert_command(ngx_str_t *argv, ngx_uint_t argc)
{
    int              len;
    char            *expected;
    size_t           lens[64];
    ngx_uint_t       i;
    const char      *words[64];
    ngx_opscom_out_t out;

    for (i = 0; i < argc; i++) {
        words[i] = (char *) argv[i].data;
        lens[i] = argv[i].len;
    }

    len = redisFormatCommandArgv(&expected, (int) argc, words, lens);

    memset(&out, 0, sizeof(out));
    assert_int_equal(ngx_opscom_write_command(&out, argv, argc, &log), NGX_OK);

    assert_int_equal(out.last - out.pos, len);
    assert_memory_equal(out.pos, expected, (size_t) len);

    free(expected);
    ngx_opscom_out_free(&out);
}


static void
test_commands(void **state)
{
    size_t        i;
    ngx_str_t     argv[40];
    static u_char text[100001];

    (void) state;

    memset(text, 'x', sizeof(text));

    for (i = 0; i < COUNT(argv); i++) {
        argv[i].data = text;
        argv[i].len = i < 20 ? i : i * i * i;
    }

    assert_command(argv, 1);
    assert_command(argv, 9);
    assert_command(argv, 10);
    assert_command(argv, 40);

    argv[0].len = 100000;
    argv[1].data = (u_char *) "\r\n\0$";
    argv[1].len = 4;
    assert_command(argv, 2);
}


/* Bytes stay in their order while some are sent and others come. */

static void
test_out(void **state)
{
    u_char           next_in, next_out;
    size_t           n, i;
    ngx_uint_t       turn;
    ngx_opscom_out_t out;

    (void) state;

    memset(&out, 0, sizeof(out));
    next_in = 0;
    next_out = 0;

    for (turn = 0; turn < 20000; turn++) {
        n = (turn * 7919) % (turn % 100 ? 97 : 50000);
        assert_int_equal(ngx_opscom_out_reserve(&out, n, &log), NGX_OK);

        for (i = 0; i < n; i++) {
            *out.last++ = next_in++;
        }

        n = turn % 10 ? (turn * 104729) % (size_t) (out.last - out.pos + 1)
                      : (size_t) (out.last - out.pos);

        for (i = 0; i < n; i++) {
            assert_int_equal(out.pos[i], next_out++);
        }

        ngx_opscom_out_sent(&out, n);

        if (out.pos == out.last) {
            assert_true(out.end - out.start <= 65536);
        }
    }

    ngx_opscom_out_free(&out);
}


static void
test_results(void **state)
{
    size_t              i, piece, at, len, n;
    ngx_int_t           rc;
    ngx_pool_t         *pool;
    ngx_opscom_reply_t *reply;
    ngx_opscom_result_t result;
    ngx_opscom_reader_t reader;

    static const result_t cases[] = {
        { "*1\r\n:0\r\n", NGX_OK, NGX_OPSCOM_UNAUTHORIZED, "", "" },
        { "*2\r\n:1\r\n$4\r\ndemo\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "demo",
            "" },
        { "*2\r\n:1\r\n$0\r\n\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "*3\r\n:2\r\n$4\r\ndemo\r\n$3\r\na-1\r\n", NGX_OK,
            NGX_OPSCOM_REPLAYED, "demo", "a-1" },
        { "*2\r\n:3\r\n$4\r\ndemo\r\n", NGX_OK, NGX_OPSCOM_KEY_REUSED, "demo",
            "" },
        { "*2\r\n:4\r\n$4\r\ndemo\r\n", NGX_OK, NGX_OPSCOM_NOT_FOUND, "demo",
            "" },
        { "*2\r\n:5\r\n$4\r\ndemo\r\n", NGX_OK, NGX_OPSCOM_END_NOT_AFTER_START,
            "demo", "" },
        { "*2\r\n:6\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "", "" },
        { "*2\r\n:-1\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "", "" },
        { "*1\r\n:1\r\n", NGX_ERROR, 0, "", "" },
        { "*2\r\n:1\r\n:1\r\n", NGX_ERROR, 0, "", "" },
        { "*2\r\n:1\r\n$-1\r\n", NGX_ERROR, 0, "", "" },
        { "*2\r\n:2\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "", "" },
        { "*0\r\n", NGX_ERROR, 0, "", "" },
        { "*-1\r\n", NGX_ERROR, 0, "", "" },
        { "*1\r\n*1\r\n:1\r\n", NGX_ERROR, 0, "", "" },
        { ":1\r\n", NGX_ERROR, 0, "", "" },
        { "+OK\r\n", NGX_ERROR, 0, "", "" },
        { "$4\r\ndemo\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "demo", "" },
        { "$0\r\n\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$-1\r\n", NGX_ERROR, 0, "", "" },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        len = strlen(cases[i].reply);

        for (piece = 1; piece <= len; piece++) {
            memset(&reader, 0, sizeof(reader));
            assert_int_equal(ngx_opscom_reader_init(&reader, &log), NGX_OK);
            pool = ngx_create_pool(1024, &log);

            for (at = 0; at < len; at += n) {
                n = piece < len - at ? piece : len - at;

                assert_int_equal(ngx_opscom_reader_feed(&reader,
                                     (u_char *) cases[i].reply + at, n),
                    NGX_OK);
                rc = ngx_opscom_reader_next(&reader, &reply);
                assert_int_equal(rc, at + n == len ? NGX_OK : NGX_AGAIN);
            }

            rc = ngx_opscom_permits_result(reply, &result, pool);

            if (rc != cases[i].rc) {
                fail_msg("%s: %d", cases[i].reply, (int) rc);
            }

            if (rc == NGX_OK) {
                assert_int_equal(result.verdict, cases[i].verdict);
                assert_int_equal(result.label.len, strlen(cases[i].label));
                assert_memory_equal(
                    result.label.data, cases[i].label, result.label.len);
                assert_int_equal(
                    result.reference_id.len, strlen(cases[i].reference_id));
                assert_memory_equal(result.reference_id.data,
                    cases[i].reference_id, result.reference_id.len);
            }

            ngx_destroy_pool(pool);
            ngx_opscom_reader_destroy(&reader);
        }
    }
}


static void
test_no_resp(void **state)
{
    size_t              i;
    ngx_opscom_reply_t *reply;
    ngx_opscom_reader_t reader;

    static const char *cases[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "\r\n",
        "*70000\r\n",
        ":x\r\n",
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        memset(&reader, 0, sizeof(reader));
        assert_int_equal(ngx_opscom_reader_init(&reader, &log), NGX_OK);
        assert_int_equal(ngx_opscom_reader_feed(
                             &reader, (u_char *) cases[i], strlen(cases[i])),
            NGX_OK);

        /* hiredis 0.14 takes ":x" for a zero, which no script answers */

        if (i < 3) {
            assert_int_equal(
                ngx_opscom_reader_next(&reader, &reply), NGX_ERROR);
            assert_true(strlen(ngx_opscom_reader_error(&reader)) > 0);
        }

        ngx_opscom_reader_destroy(&reader);
    }
}


static const ngx_str_t push_words[] = {
    ngx_string("p:{C}:tokens"),
    ngx_string("p:{C}:permit:id"),
    ngx_string("p:{C}:plate:X"),
    ngx_string("p:{C}:stream"),
    ngx_string("p:{C}:zones"),
    ngx_string("token"),
    ngx_string("253402300799"),
    ngx_string("id"),
    ngx_string("X"),
    ngx_string("S"),
    ngx_string("E"),
    ngx_string("Lot 4"),
    ngx_string("\xa6"
               "client\xa1"
               "C\xabreceived_at\xa3now\xa6ticket\xda\0\x20"
               "12345678901234567890123456789012"),
};

static const ngx_str_t option_keys[] = {
    ngx_string("p:{C}:idem:key"),
    ngx_string("p:{C}:idem:print"),
};

static const ngx_str_t option_words[] = {
    ngx_string("253402300809"),
    ngx_string("1000"),
    ngx_string("5"),
    ngx_string("10"),
    ngx_string("print"),
    ngx_string("86400000"),
    ngx_string("600000"),
    ngx_string("1"),
};


static u_char *
write_words(u_char *p, const ngx_str_t *words, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        p = ngx_opscom_write_argument(p, words[i].data, words[i].len);
    }

    return p;
}


static void
assert_push(ngx_opscom_write_t *write, bool options)
{
    u_char           *p, expected[2048];
    ngx_pool_t       *pool;
    ngx_opscom_call_t call;

    memset(&call, 0, sizeof(call));

    p = write_words(expected, push_words, 5);
    p = write_words(p, option_keys, options ? COUNT(option_keys) : 0);
    p = write_words(p, push_words + 5, COUNT(push_words) - 5);
    p = write_words(p, option_words, options ? COUNT(option_words) : 0);

    pool = ngx_create_pool(1024, &log);
    assert_int_equal(ngx_opscom_permits_push(&call, write, pool), NGX_OK);

    assert_int_equal(call.nkeys, options ? 7 : 5);
    assert_int_equal(call.argc,
        COUNT(push_words)
            + (options ? COUNT(option_keys) + COUNT(option_words) : 0));
    assert_int_equal(call.words.len, p - expected);
    assert_memory_equal(call.words.data, expected, call.words.len);

    ngx_destroy_pool(pool);
}


/* A command for a script: keys, then arguments, as many as it says. */

static void
test_push(void **state)
{
    ngx_opscom_field_t field = { ngx_string("ticket"),
        ngx_string("12345678901234567890123456789012") };
    ngx_opscom_write_t write;

    (void) state;

    memset(&write, 0, sizeof(write));

    ngx_str_set(&write.prefix, "p");
    ngx_str_set(&write.client, "C");
    ngx_str_set(&write.token_digest, "token");
    ngx_str_set(&write.reference_id, "id");
    ngx_str_set(&write.now, "now");
    ngx_str_set(&write.plate, "X");
    ngx_str_set(&write.start, "S");
    ngx_str_set(&write.end, "E");
    ngx_str_set(&write.zone, "Lot 4");
    write.now_seconds = 5;
    write.end_seconds = 253402300799;
    write.fields = &field;
    write.nfields = 1;
    write.idempotency_ttl = 86400000;
    write.replicas = 2;

    assert_push(&write, false);

    ngx_str_set(&write.fingerprint, "print");
    ngx_str_set(&write.idempotency, "key");
    write.dedup = 600000;
    write.retention = 10;
    write.stream_maxlen = 1000;

    assert_push(&write, true);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_out),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_no_resp),
        cmocka_unit_test(test_push),
    };

    return cmocka_run_group_tests_name("resp", tests, NULL, NULL);
}
