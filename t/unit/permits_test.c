
/* The scripts' keys and arguments, and how their replies are read. */


#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ngx_opscom_command.h"
#include "ngx_opscom_permits.h"
#include "ngx_opscom_results.h"
#include "ngx_opscom_reader.h"
#include "ngx_opscom_write.h"


#define COUNT(table) (sizeof(table) / sizeof((table)[0]))


typedef struct {
    const char          *reply;
    ngx_int_t            rc;
    ngx_opscom_verdict_t verdict;
    const char          *label;
    const char          *reference_id;
} result_t;


static ngx_log_t log;


/* Calls --------------------------------------------------------------- */


static void
assert_words(ngx_opscom_call_t *call, ngx_uint_t nkeys,
    const ngx_str_t *words, size_t n)
{
    size_t  i;
    u_char *p, expected[8192];

    p = expected;

    for (i = 0; i < n; i++) {
        p = ngx_opscom_write_argument(p, words[i].data, words[i].len);
    }

    assert_int_equal(call->nkeys, nkeys);
    assert_int_equal(call->argc, n);
    assert_int_equal(call->words.len, p - expected);
    assert_memory_equal(call->words.data, expected, call->words.len);
}


static void
fill(ngx_opscom_write_t *write)
{
    static ngx_opscom_field_t fields[] = {
        { ngx_string("ticket"),
          ngx_string("12345678901234567890123456789012"), 0 },
        { ngx_string("end_ts"), ngx_string("5"), 0 },
    };

    memset(write, 0, sizeof(ngx_opscom_write_t));

    ngx_str_set(&write->prefix, "p");
    ngx_str_set(&write->client, "C");
    ngx_str_set(&write->token_digest, "token");
    ngx_str_set(&write->reference_id, "id");
    ngx_str_set(&write->now, "now");
    ngx_str_set(&write->plate, "X");
    ngx_str_set(&write->start, "S");
    ngx_str_set(&write->end, "E");
    ngx_str_set(&write->zone, "Lot 4");
    write->now_seconds = 5;
    write->end_seconds = 253402300799;
    write->fields = fields;
    write->nfields = 2;
    write->idempotency_ttl = 86400000;
    write->replicas = 2;
}


static void
options(ngx_opscom_write_t *write)
{
    ngx_str_set(&write->fingerprint, "print");
    ngx_str_set(&write->idempotency, "key");
    write->dedup = 600000;
    write->retention = 10;
    write->stream_maxlen = 1000;
}


#define MAIN "\xac" "253402300799\xa2id\xa1X\xa1S\xa1" "E\xa5Lot 4"
#define TICKET "\xa6ticket\xda\0\x20" "12345678901234567890123456789012"
#define OTHERS "\xa6" "client\xa1" "C\xabreceived_at\xa3now\xa6" "end_ts\xa1" "5"
#define ALL "\xa6" "client\xa1" "C\xabreceived_at\xa3now" TICKET \
    "\xa6" "end_ts\xa1" "5"
#define OPTIONS "\xac" "253402300809\xa4" "1000\xa1" "5\xa2" "10\xa0\xa5print" \
    "\xa8" "86400000\xa6" "600000\xa1" "2\xa0"


static void
test_push(void **state)
{
    ngx_pool_t        *pool;
    ngx_opscom_call_t  call;
    ngx_opscom_write_t write;

    static const ngx_str_t full[] = {
        ngx_string("p:{C}:tokens"), ngx_string("p:{C}:stream"),
        ngx_string("p:{C}:zones"), ngx_string("p:{C}:permit:id"),
        ngx_string("p:{C}:plate:X"), ngx_string("token"), ngx_string(MAIN),
        ngx_string(OTHERS), ngx_string(TICKET),
    };
    static const ngx_str_t minimal[] = {
        ngx_string("p:{C}:tokens"), ngx_string("p:{C}:stream"),
        ngx_string("p:{C}:zones"), ngx_string("p:{C}:permit:id"),
        ngx_string("p:{C}:plate:X"), ngx_string("token"), ngx_string(MAIN),
        ngx_string(ALL),
    };
    static const ngx_str_t optional[] = {
        ngx_string("p:{C}:tokens"), ngx_string("p:{C}:stream"),
        ngx_string("p:{C}:zones"), ngx_string("p:{C}:permit:id"),
        ngx_string("p:{C}:plate:X"), ngx_string("p:{C}:idem:key"),
        ngx_string("p:{C}:idem:print"), ngx_string("token"),
        ngx_string(MAIN), ngx_string(OTHERS), ngx_string(TICKET),
        ngx_string(OPTIONS),
    };

    (void) state;

    pool = ngx_create_pool(1024, &log);
    memset(&call, 0, sizeof(call));
    fill(&write);

    assert_int_equal(ngx_opscom_permits_push(&call, &write, pool), NGX_OK);
    assert_words(&call, 5, full, COUNT(full));
    assert_int_equal(call.repeatable, 1);
    assert_null(call.again);

    write.stream_minimal = 1;
    assert_int_equal(ngx_opscom_permits_push(&call, &write, pool), NGX_OK);
    assert_words(&call, 5, minimal, COUNT(minimal));

    write.stream_minimal = 0;
    options(&write);
    assert_int_equal(ngx_opscom_permits_push(&call, &write, pool), NGX_OK);
    assert_words(&call, 7, optional, COUNT(optional));

    ngx_destroy_pool(pool);
}


static void
test_pushes(void **state)
{
    ngx_pool_t        *pool;
    ngx_opscom_call_t  call;
    ngx_opscom_write_t writes[2];

    static const ngx_str_t two[] = {
        ngx_string("p:{C}:tokens"), ngx_string("p:{C}:stream"),
        ngx_string("p:{C}:zones"), ngx_string("p:{C}:permit:id"),
        ngx_string("p:{C}:plate:X"), ngx_string("p:{C}:permit:id2"),
        ngx_string("p:{C}:plate:X"), ngx_string("token"), ngx_string("2"),
        ngx_string("2"), ngx_string("3"), ngx_string(MAIN),
        ngx_string(OTHERS), ngx_string(TICKET),
        ngx_string("\xac" "253402300799\xa3id2\xa1X\xa1S\xa1" "E\xa5Lot 4"),
        ngx_string(OTHERS), ngx_string(TICKET),
    };

    (void) state;

    pool = ngx_create_pool(1024, &log);
    memset(&call, 0, sizeof(call));
    fill(&writes[0]);
    fill(&writes[1]);
    ngx_str_set(&writes[1].reference_id, "id2");

    assert_int_equal(ngx_opscom_permits_pushes(&call, writes, 2, pool),
                     NGX_OK);
    assert_words(&call, 7, two, COUNT(two));

    ngx_destroy_pool(pool);
}


/* Two calls of a push each, as the pipeline joins them. */

static void
push(ngx_opscom_call_t *call, ngx_opscom_write_t *write, ngx_pool_t *pool)
{
    memset(call, 0, sizeof(ngx_opscom_call_t));
    assert_int_equal(ngx_opscom_permits_push(call, write, pool), NGX_OK);
}


static void
assert_joined(ngx_opscom_write_t *writes, ngx_uint_t n, ngx_pool_t *pool)
{
    u_char             command[65536], expected[65536], *p, *last;
    ngx_uint_t         i;
    ngx_opscom_call_t  one[NGX_OPSCOM_MAX_JOINED], many;
    ngx_opscom_call_t *calls[NGX_OPSCOM_MAX_JOINED];
    size_t             size;

    size = 0;

    for (i = 0; i < n; i++) {
        push(&one[i], &writes[i], pool);
        calls[i] = &one[i];
        size += ngx_opscom_command_size(calls[i]);
        assert_true(ngx_opscom_command_joins(calls[0], calls[i]));
    }

    last = ngx_opscom_command_write(command, calls, n);
    assert_true((size_t) (last - command) <= size);

    memset(&many, 0, sizeof(many));
    assert_int_equal(ngx_opscom_permits_pushes(&many, writes, n, pool), NGX_OK);
    calls[0] = &many;
    p = ngx_opscom_command_write(expected, calls, 1);

    assert_int_equal(last - command, p - expected);
    assert_memory_equal(command, expected, p - expected);
}


static void
test_joined(void **state)
{
    ngx_uint_t         i;
    ngx_pool_t        *pool;
    ngx_opscom_write_t writes[NGX_OPSCOM_MAX_JOINED];

    (void) state;

    pool = ngx_create_pool(1024, &log);

    for (i = 0; i < NGX_OPSCOM_MAX_JOINED; i++) {
        fill(&writes[i]);
    }

    ngx_str_set(&writes[1].reference_id, "id2");
    ngx_str_set(&writes[1].plate, "longer");

    assert_joined(writes, 2, pool);
    assert_joined(writes, NGX_OPSCOM_MAX_JOINED, pool);

    for (i = 0; i < NGX_OPSCOM_MAX_JOINED; i++) {
        options(&writes[i]);
    }

    assert_joined(writes, 3, pool);

    ngx_destroy_pool(pool);
}


/* Calls of another kind, client, prefix or token have a command of their own. */

static void
test_not_joined(void **state)
{
    size_t             i;
    ngx_pool_t        *pool;
    ngx_opscom_call_t  first, second;
    ngx_opscom_write_t write;

    static const struct {
        size_t    member;
        ngx_str_t value;
    } differ[] = {
        { offsetof(ngx_opscom_write_t, prefix), ngx_string("q") },
        { offsetof(ngx_opscom_write_t, prefix), ngx_string("pp") },
        { offsetof(ngx_opscom_write_t, client), ngx_string("D") },
        { offsetof(ngx_opscom_write_t, client), ngx_string("CC") },
        { offsetof(ngx_opscom_write_t, token_digest), ngx_string("tokem") },
        { offsetof(ngx_opscom_write_t, token_digest), ngx_string("tokens") },
    };

    (void) state;

    pool = ngx_create_pool(1024, &log);
    fill(&write);
    push(&first, &write, pool);

    for (i = 0; i < COUNT(differ); i++) {
        fill(&write);
        *(ngx_str_t *) ((u_char *) &write + differ[i].member)
                                                         = differ[i].value;
        push(&second, &write, pool);
        assert_false(ngx_opscom_command_joins(&first, &second));
        assert_false(ngx_opscom_command_joins(&second, &first));
    }

    fill(&write);
    options(&write);
    push(&second, &write, pool);
    assert_false(ngx_opscom_command_joins(&first, &second));

    fill(&write);
    write.stream_minimal = 1;
    push(&second, &write, pool);
    assert_false(ngx_opscom_command_joins(&first, &second));

    fill(&write);
    push(&second, &write, pool);
    assert_true(ngx_opscom_command_joins(&first, &second));
    second.by_source = 1;
    assert_false(ngx_opscom_command_joins(&first, &second));

    memset(&second, 0, sizeof(second));
    assert_int_equal(ngx_opscom_permits_delete(&second, &write, pool), NGX_OK);
    assert_false(ngx_opscom_command_joins(&second, &second));

    ngx_destroy_pool(pool);
}


static void
test_parts(void **state)
{
    ngx_opscom_reply_t  one = { REDIS_REPLY_INTEGER, 0, ngx_null_string, 0,
                                NULL };
    ngx_opscom_reply_t  two = { REDIS_REPLY_STRING, 0, ngx_null_string, 0,
                                NULL };
    ngx_opscom_reply_t *elts[] = { &one, &two };
    ngx_opscom_reply_t  array = { REDIS_REPLY_ARRAY, 0, ngx_null_string, 2,
                                  elts };
    ngx_opscom_reply_t  error = { REDIS_REPLY_ERROR, 0, ngx_null_string, 0,
                                  NULL };

    (void) state;

    assert_ptr_equal(ngx_opscom_command_reply(&array, 2, 0), &one);
    assert_ptr_equal(ngx_opscom_command_reply(&array, 2, 1), &two);
    assert_ptr_equal(ngx_opscom_command_reply(&array, 1, 0), &array);
    assert_null(ngx_opscom_command_reply(&array, 3, 0));
    array.nelts = 3;
    assert_null(ngx_opscom_command_reply(&array, 2, 0));
    array.nelts = 2;
    assert_null(ngx_opscom_command_reply(&two, 2, 0));
    assert_ptr_equal(ngx_opscom_command_reply(&two, 1, 0), &two);
    assert_ptr_equal(ngx_opscom_command_reply(&error, 2, 1), &error);

    array.nelts = 1;
    assert_ptr_equal(ngx_opscom_command_reply(&array, 2, 0), &array);
    assert_ptr_equal(ngx_opscom_command_reply(&array, 2, 1), &array);

    array.nelts = 0;
    assert_null(ngx_opscom_command_reply(&array, 2, 0));
}


static void
test_edits(void **state)
{
    ngx_pool_t        *pool;
    ngx_opscom_call_t  call;
    ngx_opscom_write_t write;

    static const ngx_str_t delete[] = {
        ngx_string("p:{C}:tokens"), ngx_string("p:{C}:permit:id"),
        ngx_string("p:{C}:stream"), ngx_string("token"),
        ngx_string("\xa2id\xa3now\xa6p:{C}:\xa0\xa0\xa0\xa0\xa0\xa1" "2\xa0"
                   "\xa1" "0"),
    };
    static const ngx_str_t update[] = {
        ngx_string("p:{C}:tokens"), ngx_string("p:{C}:permit:id"),
        ngx_string("p:{C}:stream"), ngx_string("p:{C}:idem:key"),
        ngx_string("token"),
        ngx_string("\xa2id\xa3now\xa6p:{C}:\xa5print\xa8" "86400000\xa4"
                   "1000\xa2" "10\xa0\xa1" "2\xa1" "1\xa1" "0"),
        ngx_string(TICKET "\xa6" "end_ts\xa1" "5"),
    };

    (void) state;

    pool = ngx_create_pool(1024, &log);
    memset(&call, 0, sizeof(call));
    fill(&write);

    assert_int_equal(ngx_opscom_permits_delete(&call, &write, pool), NGX_OK);
    assert_words(&call, 3, delete, COUNT(delete));
    assert_ptr_equal(call.again, call.words.data + call.words.len - 3);
    assert_int_equal(*call.again, '0');
    assert_int_equal(call.repeatable, 1);

    assert_int_equal(ngx_opscom_permits_update(&call, &write, pool), NGX_OK);
    assert_int_equal(call.repeatable, 0);

    options(&write);
    write.stream_minimal = 1;
    assert_int_equal(ngx_opscom_permits_update(&call, &write, pool), NGX_OK);
    assert_words(&call, 4, update, COUNT(update));
    assert_int_equal(*call.again, '0');
    assert_int_equal(call.again[-1], 0xa1);
    assert_int_equal(call.repeatable, 1);

    ngx_destroy_pool(pool);
}


static void
test_lookup(void **state)
{
    ngx_pool_t         *pool;
    ngx_opscom_call_t   call;
    ngx_opscom_lookup_t lookup;

    static const ngx_str_t words[] = {
        ngx_string("p:{C}:tokens"), ngx_string("p:{C}:permit:"),
        ngx_string("p:{C}:plate:X"), ngx_string("token"), ngx_string(""),
        ngx_string("X"), ngx_string("Lot 4"), ngx_string("0"),
    };

    (void) state;

    pool = ngx_create_pool(1024, &log);
    memset(&call, 0, sizeof(call));
    memset(&lookup, 0, sizeof(lookup));

    ngx_str_set(&lookup.prefix, "p");
    ngx_str_set(&lookup.client, "C");
    ngx_str_set(&lookup.token_digest, "token");
    ngx_str_set(&lookup.plate, "X");
    ngx_str_set(&lookup.zone, "Lot 4");

    assert_int_equal(ngx_opscom_permits_lookup(&call, &lookup, pool), NGX_OK);
    assert_words(&call, 3, words, COUNT(words));

    ngx_destroy_pool(pool);
}


/*
 * Whatever the values are, the words are well-formed, as many as counted, and
 * fit: the pool's blocks have the requested size, and ASan checks their ends.
 */

static uint64_t seed = 88172645463325252;


static uint64_t
next(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed % n;
}


static void
any_text(ngx_str_t *text, size_t longest)
{
    static u_char bytes[70000];

    text->data = bytes;
    text->len = next(3) ? next(40) : next(longest + 1);

    if (text->len == 0) {
        text->data = NULL;
    }
}


static void
any_write(ngx_opscom_write_t *write, ngx_opscom_field_t *fields, size_t n)
{
    size_t   i;
    uint64_t numbers[7];

    memset(write, 0, sizeof(ngx_opscom_write_t));

    ngx_str_set(&write->prefix, "opscom:with:a:long:prefix");
    write->prefix.len = 1 + next(write->prefix.len);
    ngx_str_set(&write->client, "OC-TOMA-with-a-long-name");
    write->client.len = 1 + next(write->client.len);
    any_text(&write->token_digest, 64);
    any_text(&write->reference_id, 50);
    any_text(&write->now, 24);
    any_text(&write->plate, 100);
    any_text(&write->start, 20);
    any_text(&write->end, 20);
    any_text(&write->zone, 800);
    any_text(&write->fingerprint, 64);
    any_text(&write->idempotency, 64);

    for (i = 0; i < COUNT(numbers); i++) {
        numbers[i] = next(2) ? 0 : next(UINT64_MAX) >> next(64);
    }

    write->now_seconds = numbers[0];
    write->end_seconds = numbers[1];
    write->idempotency_ttl = numbers[2];
    write->dedup = numbers[3];
    write->retention = numbers[4];
    write->stream_maxlen = numbers[5];
    write->persist = numbers[6] & 1;
    write->stream_minimal = next(2);
    write->fields = fields;
    write->nfields = next(n + 1);

    for (i = 0; i < write->nfields; i++) {
        any_text(&fields[i].value, 65535);

        switch (next(3)) {
        case 0:
            ngx_str_set(&fields[i].name, "amount");
            break;
        case 1:
            ngx_str_set(&fields[i].name, "amount_cents");
            break;
        default:
            ngx_str_set(&fields[i].name, "zzzzzz");
        }
    }
}


static void
assert_well_formed(ngx_opscom_call_t *call)
{
    size_t     len;
    u_char    *p, *last;
    ngx_uint_t n;

    p = call->words.data;
    last = p + call->words.len;

    for (n = 0; p < last; n++) {
        assert_int_equal(*p++, '$');

        for (len = 0; *p != '\r'; p++) {
            assert_in_range(*p, '0', '9');
            len = len * 10 + *p - '0';
        }

        p += 2 + len;
        assert_memory_equal(p, "\r\n", 2);
        p += 2;
    }

    assert_ptr_equal(p, last);
    assert_int_equal(n, call->argc);
}


static void
test_sizes(void **state)
{
    size_t              i, n;
    ngx_uint_t          turn;
    ngx_pool_t         *pool;
    ngx_opscom_call_t   call;
    ngx_opscom_field_t  fields[NGX_OPSCOM_MAX_PUSHES][4];
    ngx_opscom_write_t  writes[NGX_OPSCOM_MAX_PUSHES];

    (void) state;

    for (turn = 0; turn < 4000; turn++) {
        pool = ngx_create_pool(1024, &log);
        memset(&call, 0, sizeof(call));

        n = 1 + next(turn % 50 ? 3 : NGX_OPSCOM_MAX_PUSHES);

        for (i = 0; i < n; i++) {
            any_write(&writes[i], fields[i], 4);
        }

        assert_int_equal(ngx_opscom_permits_push(&call, writes, pool), NGX_OK);
        assert_well_formed(&call);
        assert_int_equal(ngx_opscom_permits_update(&call, writes, pool),
                         NGX_OK);
        assert_well_formed(&call);
        assert_int_equal(ngx_opscom_permits_delete(&call, writes, pool),
                         NGX_OK);
        assert_well_formed(&call);

        for (i = 1; i < n; i++) {
            writes[i].prefix = writes[0].prefix;
            writes[i].client = writes[0].client;
        }

        assert_int_equal(ngx_opscom_permits_pushes(&call, writes, n, pool),
                         NGX_OK);
        assert_well_formed(&call);

        ngx_destroy_pool(pool);
    }
}


/* Answers ------------------------------------------------------------- */


typedef void (*take_pt)(ngx_opscom_reply_t *reply, const result_t *expected,
    ngx_pool_t *pool);


/* In pieces of each size. */

static void
with_reply(const char *text, size_t len, take_pt take, const result_t *expected)
{
    size_t              piece, at, n;
    ngx_int_t           rc;
    ngx_pool_t         *pool;
    ngx_opscom_reply_t *reply;
    ngx_opscom_reader_t reader;

    for (piece = 1; piece <= len; piece++) {
        memset(&reader, 0, sizeof(reader));
        assert_int_equal(ngx_opscom_reader_init(&reader, &log), NGX_OK);
        pool = ngx_create_pool(1024, &log);

        for (at = 0; at < len; at += n) {
            n = piece < len - at ? piece : len - at;

            assert_int_equal(
                ngx_opscom_reader_feed(&reader, (u_char *) text + at, n),
                NGX_OK);
            rc = ngx_opscom_reader_next(&reader, &reply);
            assert_int_equal(rc, at + n == len ? NGX_OK : NGX_AGAIN);
        }

        take(reply, expected, pool);

        ngx_destroy_pool(pool);
        ngx_opscom_reader_destroy(&reader);
    }
}


static void
assert_text(ngx_str_t *text, const char *expected)
{
    assert_int_equal(text->len, strlen(expected));
    if (text->len) {
        assert_memory_equal(text->data, expected, text->len);
    }
}


static void
take_result(ngx_opscom_reply_t *reply, const result_t *expected,
    ngx_pool_t *pool)
{
    ngx_int_t           rc;
    ngx_opscom_result_t result;

    static ngx_str_t id = ngx_string("a-1");

    rc = ngx_opscom_results_write(reply, &id, &result, pool);

    if (rc != expected->rc) {
        fail_msg("%s: %d", expected->reply, (int) rc);
    }

    if (rc != NGX_ERROR) {
        assert_int_equal(result.verdict, expected->verdict);
        assert_text(&result.label, expected->label);
        assert_text(&result.reference_id, expected->reference_id);
    }
}


#define HEAD(verdict, wrote) \
    "*4\r\n:" verdict "\r\n:" wrote "\r\n$3\r\na-1\r\n$4\r\ndemo\r\n"
#define REPLAY(wrote, id) \
    "*5\r\n:2\r\n:" wrote "\r\n$3\r\na-1\r\n$4\r\ndemo\r\n" id


static void
test_result(void **state)
{
    size_t i;

    static const result_t cases[] = {
        { "*1\r\n:0\r\n", NGX_DECLINED, NGX_OPSCOM_UNAUTHORIZED, "", "" },
        { "$8\r\na-1 demo\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "demo", "" },
        { "$4\r\na-1 \r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$9\r\na-1 d\"m\\o\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "d\"m\\o", "" },
        { "$9\r\na-1 \xe2\x82\xac""42\r\n", NGX_OK, NGX_OPSCOM_WRITTEN,
          "\xe2\x82\xac""42", "" },
        { HEAD("1", "1"), NGX_OK, NGX_OPSCOM_WRITTEN, "demo", "" },
        { HEAD("1", "0"), NGX_DECLINED, NGX_OPSCOM_WRITTEN, "demo", "" },
        { REPLAY("1", "$3\r\nb-2\r\n"), NGX_OK, NGX_OPSCOM_REPLAYED, "demo",
          "b-2" },
        { REPLAY("0", "$3\r\nb-2\r\n"), NGX_DECLINED, NGX_OPSCOM_REPLAYED,
          "demo", "b-2" },
        { HEAD("3", "0"), NGX_DECLINED, NGX_OPSCOM_KEY_REUSED, "demo", "" },
        { HEAD("4", "0"), NGX_DECLINED, NGX_OPSCOM_NOT_FOUND, "demo", "" },
        { HEAD("5", "0"), NGX_DECLINED, NGX_OPSCOM_END_NOT_AFTER_START,
          "demo", "" },

        /* labels that are not valid in a header */

        { "$8\r\na-1 d\r\no\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$8\r\na-1 d\x1bmo\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$8\r\na-1 d\x7fmo\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$8\r\na-1 d\xffmo\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$6\r\na-1 \xc2\x85\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$7\r\na-1 \xed\xa0\x80\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },
        { "$6\r\na-1 \xe2\x82\r\n", NGX_OK, NGX_OPSCOM_WRITTEN, "", "" },

        /* the answer to another call */

        { "$8\r\nb-1 demo\r\n", NGX_ERROR, 0, "", "" },
        { "$8\r\na-11demo\r\n", NGX_ERROR, 0, "", "" },
        { "$3\r\na-1\r\n", NGX_ERROR, 0, "", "" },
        { "$2\r\na-\r\n", NGX_ERROR, 0, "", "" },
        { "$0\r\n\r\n", NGX_ERROR, 0, "", "" },
        { "*4\r\n:4\r\n:0\r\n$3\r\nb-1\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "",
          "" },
        { "*4\r\n:4\r\n:0\r\n$2\r\na-\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "",
          "" },

        /* invalid reference IDs */

        { REPLAY("0", "$3\r\na\"1\r\n"), NGX_ERROR, 0, "", "" },
        { REPLAY("0", "$3\r\na_1\r\n"), NGX_ERROR, 0, "", "" },
        { REPLAY("0", "$0\r\n\r\n"), NGX_ERROR, 0, "", "" },
        { REPLAY("0", "$51\r\n012345678901234567890123456789012345678901234567"
                 "890\r\n"), NGX_ERROR, 0, "", "" },
        { REPLAY("0", ":1\r\n"), NGX_ERROR, 0, "", "" },

        /* other shapes */

        { HEAD("2", "0"), NGX_ERROR, 0, "", "" },
        { HEAD("6", "0"), NGX_ERROR, 0, "", "" },
        { HEAD("-1", "0"), NGX_ERROR, 0, "", "" },
        { "*1\r\n:1\r\n", NGX_ERROR, 0, "", "" },
        { "*2\r\n:0\r\n:0\r\n", NGX_ERROR, 0, "", "" },
        { "*4\r\n:1\r\n$1\r\n1\r\n$3\r\na-1\r\n$4\r\ndemo\r\n", NGX_ERROR, 0,
          "", "" },
        { "*4\r\n:1\r\n:1\r\n:1\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "", "" },
        { "*4\r\n:1\r\n:1\r\n$3\r\na-1\r\n$-1\r\n", NGX_ERROR, 0, "", "" },
        { "*0\r\n", NGX_ERROR, 0, "", "" },
        { "*-1\r\n", NGX_ERROR, 0, "", "" },
        { "*1\r\n*1\r\n:1\r\n", NGX_ERROR, 0, "", "" },
        { ":1\r\n", NGX_ERROR, 0, "", "" },
        { "+OK\r\n", NGX_ERROR, 0, "", "" },
        { "$-1\r\n", NGX_ERROR, 0, "", "" },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        with_reply(cases[i].reply, strlen(cases[i].reply), take_result,
                   &cases[i]);
    }
}


static void
take_results(ngx_opscom_reply_t *reply, const result_t *expected,
    ngx_pool_t *pool)
{
    ngx_int_t           rc;
    ngx_opscom_result_t results[2];

    static ngx_str_t ids[] = { ngx_string("a-1"), ngx_string("b-2") };

    rc = ngx_opscom_results_pushes(reply, ids, 2, results, pool);

    if (rc != expected->rc) {
        fail_msg("%s: %d", expected->reply, (int) rc);
    }

    if (rc != NGX_ERROR) {
        assert_int_equal(results[1].verdict, expected->verdict);
        assert_text(&results[1].label, expected->label);
        assert_text(&results[1].reason, expected->reference_id);
    }
}


static void
test_results(void **state)
{
    size_t i;

    /* what the second of two has; a reason in the place of a reference ID */

    static const result_t cases[] = {
        { "*2\r\n$8\r\na-1 demo\r\n$8\r\nb-2 demo\r\n", NGX_OK,
          NGX_OPSCOM_WRITTEN, "demo", "" },
        { "*2\r\n$8\r\na-1 demo\r\n-WRONGTYPE x\r\n", NGX_OK,
          NGX_OPSCOM_REFUSED, "", "WRONGTYPE x" },
        { "*2\r\n-OOM y\r\n-WRONGTYPE x\r\n", NGX_DECLINED,
          NGX_OPSCOM_REFUSED, "", "WRONGTYPE x" },
        { "*2\r\n" HEAD("1", "1") "*1\r\n:0\r\n", NGX_OK,
          NGX_OPSCOM_UNAUTHORIZED, "", "" },
        { "*1\r\n:0\r\n", NGX_DECLINED, NGX_OPSCOM_UNAUTHORIZED, "", "" },
        { "*1\r\n:1\r\n", NGX_ERROR, 0, "", "" },
        { "*1\r\n$8\r\na-1 demo\r\n", NGX_ERROR, 0, "", "" },
        { "*2\r\n$8\r\nb-2 demo\r\n$8\r\na-1 demo\r\n", NGX_ERROR, 0, "", "" },
        { "*3\r\n$8\r\na-1 demo\r\n$8\r\nb-2 demo\r\n:1\r\n", NGX_ERROR, 0,
          "", "" },
        { "$8\r\na-1 demo\r\n", NGX_ERROR, 0, "", "" },
        { "*0\r\n", NGX_ERROR, 0, "", "" },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        with_reply(cases[i].reply, strlen(cases[i].reply), take_results,
                   &cases[i]);
    }
}


static void
take_found(ngx_opscom_reply_t *reply, const result_t *expected,
    ngx_pool_t *pool)
{
    ngx_int_t          rc;
    ngx_opscom_found_t found;

    static ngx_str_t plate = ngx_string("PL8");

    rc = ngx_opscom_results_lookup(reply, &plate, &found, pool);

    if (rc != expected->rc) {
        fail_msg("%s: %d", expected->reply, (int) rc);
    }

    if (rc != NGX_ERROR) {
        assert_int_equal(found.verdict, expected->verdict);
        assert_text(&found.label, expected->label);
        assert_text(&found.permits, expected->reference_id);
        assert_int_equal(found.more, 0);
        assert_int_equal(found.valid, found.permits.len > 2);
    }
}


#define FOUND(json, valid) "*7\r\n:1\r\n:0\r\n$3\r\nPL8\r\n$4\r\ndemo\r\n" json \
    valid "$0\r\n\r\n"


static void
test_found(void **state)
{
    size_t i;

    static const result_t cases[] = {
        { FOUND("$2\r\n[]\r\n", "$0\r\n\r\n"), NGX_DECLINED,
          NGX_OPSCOM_WRITTEN, "demo", "[]" },
        { FOUND("$7\r\n[\"\xe2\x82\xac\"]\r\n", "$1\r\n1\r\n"), NGX_DECLINED,
          NGX_OPSCOM_WRITTEN, "demo", "[\"\xe2\x82\xac\"]" },
        { FOUND("$6\r\n[\"\xff\x80\"]\r\n", "$1\r\n1\r\n"), NGX_DECLINED,
          NGX_OPSCOM_WRITTEN, "demo", "[\"\xef\xbf\xbd\xef\xbf\xbd\"]" },
        { FOUND("$7\r\n[\"\xed\xa0\x80\"]\r\n", "$1\r\n1\r\n"), NGX_DECLINED,
          NGX_OPSCOM_WRITTEN, "demo",
          "[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]" },
        { "*4\r\n:4\r\n:0\r\n$3\r\nPL8\r\n$4\r\ndemo\r\n", NGX_DECLINED,
          NGX_OPSCOM_NOT_FOUND, "demo", "" },
        { "*4\r\n:6\r\n:0\r\n$3\r\nPL8\r\n$4\r\ndemo\r\n", NGX_DECLINED,
          NGX_OPSCOM_TOO_MANY, "demo", "" },
        { "*4\r\n:7\r\n:0\r\n$3\r\nPL8\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "",
          "" },
        { "*1\r\n:0\r\n", NGX_DECLINED, NGX_OPSCOM_UNAUTHORIZED, "", "" },
        { FOUND("$29\r\n[\"0123456789abcdef\xff\xe2\x82\xac" "01234\"]\r\n",
                "$1\r\n1\r\n"),
          NGX_DECLINED, NGX_OPSCOM_WRITTEN, "demo",
          "[\"0123456789abcdef\xef\xbf\xbd\xe2\x82\xac" "01234\"]" },
        { FOUND("$0\r\n\r\n", "$0\r\n\r\n"), NGX_ERROR, 0, "", "" },
        { FOUND("$1\r\n[\r\n", "$0\r\n\r\n"), NGX_ERROR, 0, "", "" },
        { FOUND("$2\r\n{}\r\n", "$0\r\n\r\n"), NGX_ERROR, 0, "", "" },
        { FOUND("$2\r\n[}\r\n", "$0\r\n\r\n"), NGX_ERROR, 0, "", "" },
        { FOUND(":1\r\n", "$0\r\n\r\n"), NGX_ERROR, 0, "", "" },
        { FOUND("$2\r\n[]\r\n", ":0\r\n"), NGX_ERROR, 0, "", "" },
        { "*4\r\n:3\r\n:0\r\n$3\r\nPL8\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "", "" },
        { "*4\r\n:4\r\n:0\r\n$3\r\nPL9\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "",
          "" },
        { "*4\r\n:4\r\n:0\r\n$0\r\n\r\n$4\r\ndemo\r\n", NGX_ERROR, 0, "", "" },
        { "$2\r\n[]\r\n", NGX_ERROR, 0, "", "" },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        with_reply(cases[i].reply, strlen(cases[i].reply), take_found,
                   &cases[i]);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_pushes),
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_not_joined),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_found),
    };

    return cmocka_run_group_tests_name("permits", tests, NULL, NULL);
}
