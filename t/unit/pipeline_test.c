
/*
 * A pipeline against a model of Redis: random calls, cancellations, own
 * commands, partial writes and failures, from a seed.  Each call gets the reply
 * to itself and no other, exactly once, or is given back with whether Redis has
 * all of it.
 */


/* nginx's headers define what the system's declare: they come first */

#include "ngx_opscom_pipeline.h"
#include "ngx_opscom_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>


#define CALLS  4096
#define STEPS  200000
#define KINDS  4 /* the last one is never joined */
#define PIECE  200


typedef struct {
    ngx_opscom_call_t call;
    u_char            words[128];
    ngx_uint_t        id;    /* its place is taken by others afterwards */
    unsigned          under_way:1;
    unsigned          taken:1; /* Redis has executed it */
    unsigned          asking:1; /* ASKING is to come before it */
} test_call_t;


ngx_queue_t         ngx_posted_events;
ngx_rbtree_t        ngx_event_timer_rbtree;
volatile ngx_msec_t ngx_current_msec;

static ngx_log_t             log;
static ngx_opscom_script_t   scripts[KINDS], joined;
static ngx_opscom_pipeline_t pipeline;
static ngx_event_t           readable;
static ngx_connection_t      connection;

static test_call_t           calls[CALLS];
static ngx_uint_t            cancelled, own_sent, own_replied, failures;
static ngx_uint_t            commands, executed, most, asked, alone, held;

static redisReader          *redis;
static u_char                answers[1 << 20];
static size_t                answers_len, sending; /* bytes the socket takes */


/* The socket, and Redis behind it ------------------------------------- */


static void
answer(const char *text, size_t len)
{
    u_char *p;

    p = ngx_opscom_write_argument(answers + answers_len, (u_char *) text, len);
    answers_len = p - answers;
}


static void
execute(const char *id, size_t len, ngx_uint_t joins)
{
    test_call_t *one;

    one = &calls[atoi(id) % CALLS];

    /* calls that join no others keep their order */

    if (!joins) {
        assert_true((ngx_uint_t) atoi(id) > alone);
        alone = atoi(id);
    }

    if (one->id == (ngx_uint_t) atoi(id)) {
        assert_int_equal(one->asking, asked);
        one->taken = 1;
    }

    executed++;

    answer(id, len);
}


/* EVALSHA name nkeys "shared" id ... "token" [count 1 1] id ... */

static void
redis_command(redisReply *command)
{
    size_t       i, count;
    redisReply **word;

    word = command->element;

    if (command->elements == 1) {
        asked = word[0]->len == 6;
        answer("own", 3);
        return;
    }

    if (word[0]->len == 4) {
        assert_string_equal(word[0]->str, "EVAL");
    }

    commands++;

    count = command->elements == 7
            ? 1 : (size_t) atoi(word[3 + atoi(word[2]->str) + 1]->str);
    most = ngx_max(most, count);

    assert_int_equal(atoi(word[2]->str), 1 + count);

    if (count > 1) {
        answers_len += sprintf((char *) answers + answers_len, "*%zu\r\n",
                               count);
        assert_int_equal(command->elements, 3 + 1 + count + 1 + 3 + count);
    }

    for (i = 0; i < count; i++) {
        assert_string_equal(word[4 + i]->str,
                            word[command->elements - count + i]->str);
        execute(word[4 + i]->str, word[4 + i]->len, word[1]->str[0] != '9');
    }

    asked = 0;
}


ssize_t
ngx_opscom_socket_send(ngx_opscom_socket_t *sock, u_char *data, size_t len)
{
    void *command;

    if (sending == 0) {
        return NGX_AGAIN;
    }

    len = ngx_min(len, sending);
    sending -= len;

    assert_int_equal(redisReaderFeed(redis, (char *) data, len), REDIS_OK);

    for ( ;; ) {
        assert_int_equal(redisReaderGetReply(redis, &command), REDIS_OK);

        if (command == NULL) {
            return len;
        }

        redis_command(command);
        freeReplyObject(command);
    }
}


ssize_t
ngx_opscom_socket_recv(ngx_opscom_socket_t *sock, u_char *data, size_t len)
{
    size_t piece;

    piece = 1 + rand() % PIECE;
    len = ngx_min(len, answers_len);
    len = ngx_min(len, piece);

    if (len == 0) {
        readable.ready = 0;
        return NGX_AGAIN;
    }

    memcpy(data, answers, len);
    answers_len -= len;
    memmove(answers, answers + len, answers_len);
    readable.ready = rand() % 4 != 0;

    return len;
}


ngx_int_t
ngx_opscom_socket_watch_write(ngx_opscom_socket_t *sock)
{
    return NGX_OK;
}


ngx_int_t
ngx_opscom_socket_watch_read(ngx_opscom_socket_t *sock)
{
    return NGX_OK;
}


void
ngx_opscom_socket_close(ngx_opscom_socket_t *sock)
{
}


static void
failed(ngx_opscom_socket_t *sock, const char *what, ngx_err_t err)
{
    failures++;
}


static const ngx_opscom_socket_handlers_t handlers = { NULL, NULL, NULL,
                                                       failed };


/* The owner of the pipeline ------------------------------------------- */


static void
reply(ngx_opscom_pipeline_t *from, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *text)
{
    char         id[NGX_INT_T_LEN];
    test_call_t *one;

    if (call == NULL) {
        assert_int_not_equal(cancelled, 0);
        cancelled--;
        return;
    }

    one = (test_call_t *) call;

    assert_true(one->under_way);
    assert_true(one->taken);
    assert_int_equal(text->type, REDIS_REPLY_STRING);
    snprintf(id, sizeof(id), "%.*s", (int) text->text.len,
             (char *) text->text.data);
    assert_int_equal(atoi(id), one->id);

    one->under_way = 0;
}


static void
replied(void *data, ngx_opscom_reply_t *text)
{
    assert_int_equal(text->text.len, 3);
    own_replied++;
}


static void
flush(ngx_event_t *ev)
{
}


void
ngx_rbtree_insert(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
}


void
ngx_rbtree_delete(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
}


void ngx_cdecl
ngx_log_error_core(ngx_uint_t level, ngx_log_t *to, ngx_err_t err,
    const char *fmt, ...)
{
}


static void
open_pipeline(void)
{
    if (redis) {
        redisReaderFree(redis);
    }

    redis = redisReaderCreate();
    answers_len = 0;
    asked = 0;
    cancelled = 0;
    own_sent = 0;
    own_replied = 0;

    assert_int_equal(ngx_opscom_pipeline_open(&pipeline), NGX_OK);
}


static void
send_call(void)
{
    char          id[NGX_INT_T_LEN];
    u_char       *p;
    ngx_uint_t    n, kind;
    test_call_t  *one;

    static ngx_uint_t last;

    n = ++last;
    one = &calls[n % CALLS];

    if (one->under_way) {
        return;
    }

    kind = rand() % KINDS;
    sprintf(id, "%d", (int) n);
    memset(one, 0, sizeof(test_call_t));
    one->id = n;

    one->call.script = &scripts[kind];
    one->call.words.data = one->words;
    one->call.argc = 4;
    one->call.nkeys = 2;
    one->call.by_source = rand() % 8 == 0;
    one->call.asking = rand() % 32 == 0;
    one->call.join.script = kind == KINDS - 1 ? NULL : &joined;
    one->call.join.nkeys = 1;
    one->call.join.nargs = 1;

    p = ngx_opscom_write_argument(one->words, (u_char *) "shared", 6);
    one->call.join.own_keys = p - one->words;
    p = ngx_opscom_write_argument(p, (u_char *) id, strlen(id));
    one->call.join.argv = p - one->words;
    p = ngx_opscom_write_argument(p, (u_char *) &"tokentokex"[kind % 2 * 5], 5);
    one->call.join.own_argv = p - one->words;
    p = ngx_opscom_write_argument(p, (u_char *) id, strlen(id));
    one->call.words.len = p - one->words;

    one->asking = one->call.asking;

    assert_int_equal(ngx_opscom_pipeline_call(&pipeline, &one->call, 0),
                     NGX_OK);
    one->under_way = 1;
}


static void
cancel_call(void)
{
    ngx_uint_t i, n;

    n = rand() % CALLS;

    for (i = 0; i < CALLS && !calls[n].under_way; i++) {
        n = (n + 1) % CALLS;
    }

    if (!calls[n].under_way) {
        return;
    }

    calls[n].under_way = 0;

    if (ngx_opscom_pipeline_cancel(&pipeline, &calls[n].call) == NGX_OK) {
        cancelled++;

    } else {
        assert_false(calls[n].taken);
        assert_true(pipeline.fresh || pipeline.reserved == 0);
        memset(&calls[n], 0, sizeof(test_call_t));
    }
}


static void
send_own(void)
{
    static ngx_str_t ping = ngx_string("PING");

    own_sent++;
    assert_int_equal(ngx_opscom_pipeline_command(&pipeline, &ping, 1, replied,
                                                 NULL, 0),
                     NGX_OK);
}


static void
lose_connection(void)
{
    ngx_uint_t         sent;
    test_call_t       *one;
    ngx_opscom_call_t *call;

    while (ngx_opscom_pipeline_drain(&pipeline, &call, &sent) == NGX_OK) {

        if (call == NULL) {
            assert_int_not_equal(cancelled, 0);
            cancelled--;
            continue;
        }

        one = (test_call_t *) call;
        assert_true(one->under_way);
        assert_int_equal(sent, one->taken);
        one->under_way = 0;
    }

    assert_int_equal(cancelled, 0);
    assert_int_equal(pipeline.fresh, 0);

    ngx_opscom_pipeline_close(&pipeline);
    assert_false(pipeline.flush.posted);
    assert_false(pipeline.hold.timer_set);
    open_pipeline();
}


/* The end of a turn, or of the time that calls may wait for a busy Redis. */

static void
send_all(void)
{
    ngx_uint_t written;

    if (pipeline.hold.timer_set && rand() % 4 == 0) {
        pipeline.hold.timer_set = 0;
        pipeline.hold.timedout = 1;

    } else if (pipeline.flush.posted) {
        ngx_delete_posted_event(&pipeline.flush);

    } else if (pipeline.out.pos == pipeline.out.last) {
        return;
    }

    assert_int_equal(ngx_opscom_pipeline_send(&pipeline), NGX_OK);

    assert_false(pipeline.hold.timedout);

    if (pipeline.fresh == 0) {
        assert_false(pipeline.hold.timer_set);
        return;
    }

    written = ngx_opscom_inflight_count(&pipeline.inflight) - pipeline.fresh;

    assert_true(written >= NGX_OPSCOM_MAX_JOINED);
    assert_true(pipeline.fresh < NGX_OPSCOM_MAX_JOINED);
    assert_true(pipeline.hold.timer_set);
    held++;
}


/* All comes and is answered. */

static void
finish(void)
{
    ngx_uint_t i, before;

    sending = (size_t) -1;

    do {
        before = ngx_opscom_inflight_count(&pipeline.inflight);
        send_all();

        while (answers_len) {
            assert_int_equal(ngx_opscom_pipeline_receive(&pipeline), NGX_OK);
        }

        if (pipeline.fresh) {
            assert_true(pipeline.flush.posted);
        }

    } while (ngx_opscom_inflight_count(&pipeline.inflight) < before);

    assert_int_equal(ngx_opscom_inflight_count(&pipeline.inflight), 0);
    assert_int_equal(cancelled, 0);
    assert_int_equal(own_sent, own_replied);
    assert_int_equal(failures, 0);

    for (i = 0; i < CALLS; i++) {
        assert_false(calls[i].under_way);
    }
}


static void
test_random(void **state)
{
    ngx_uint_t  i, what;
    const char *seed;

    (void) state;

    seed = getenv("SEED");
    srand(seed ? atoi(seed) : 1);

    for (i = 0; i < STEPS; i++) {
        what = rand() % 1000;

        if (what < 700) {
            send_call();

        } else if (what < 780) {
            cancel_call();

        } else if (what < 790) {
            send_own();

        } else if (what < 900 && i / 500 % 2) {

            /* turns are short for a while, and long for a while */

        } else if (what < 900) {
            sending = rand() % 3 ? (size_t) -1 : (size_t) (rand() % 3000);
            send_all();

        } else if (what < 998) {
            assert_int_equal(ngx_opscom_pipeline_receive(&pipeline), NGX_OK);

        } else if (what == 998) {
            lose_connection();

        } else {
            finish();
        }
    }

    finish();

    /* that calls were joined at all */

    assert_true(commands * 4 < executed * 3);
    assert_true(held > 0);
    assert_int_equal(most, NGX_OPSCOM_MAX_JOINED);
}


/* The answers that are there, in pieces, are not accepted. */

static void
assert_failed(void)
{
    ngx_int_t rc;

    do {
        rc = ngx_opscom_pipeline_receive(&pipeline);
    } while (rc == NGX_OK && answers_len);

    assert_int_equal(rc, NGX_DONE);
    assert_int_equal(failures, 1);
    failures = 0;
}


static void
test_unexpected(void **state)
{
    (void) state;

    /* a reply of a wrong shape to a shared command */

    do {
        finish();
        send_call();
        send_call();
        send_call();
        send_call();
        sending = (size_t) -1;
        send_all();
    } while (ngx_opscom_inflight_head(&pipeline.inflight)->replies < 2);

    answers_len = sprintf((char *) answers, "*5\r\n:1\r\n:1\r\n:1\r\n:1\r\n"
                          ":1\r\n");
    assert_failed();
    lose_connection();

    /* a reply to what was not written yet */

    do {
        finish();
        send_call();
    } while (pipeline.fresh == 0);

    answer("0", 1);
    assert_failed();

    ngx_opscom_pipeline_close(&pipeline);
    redisReaderFree(redis);
}


static int
setup(void **state)
{
    ngx_uint_t i;

    ngx_queue_init(&ngx_posted_events);

    for (i = 0; i < KINDS; i++) {
        scripts[i].source.data = (u_char *) "alone";
        scripts[i].source.len = 5;
        memcpy(scripts[i].evalsha, "$7\r\nEVALSHA\r\n$40\r\n"
               "0123456789012345678901234567890123456789\r\n",
               sizeof(scripts[i].evalsha));
    }

    /* the last kind has another name and source: both begin with 9 */

    scripts[KINDS - 1].source.data = (u_char *) "9";
    scripts[KINDS - 1].source.len = 1;
    scripts[KINDS - 1].evalsha[NGX_OPSCOM_EVALSHA_LEN] = '9';

    joined = scripts[0];
    joined.source.data = (u_char *) "joined";
    joined.source.len = 6;

    readable.ready = 1;
    connection.read = &readable;
    pipeline.sock.peer.connection = &connection;
    pipeline.sock.handlers = &handlers;

    ngx_opscom_pipeline_init(&pipeline, reply, flush, NULL, &log);
    open_pipeline();

    return 0;
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_unexpected),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
