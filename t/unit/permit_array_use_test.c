
/* An array of bodies: what is consumed, where elements go, and memory. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "permit_array.h"
#include "permit_schema.h"
#include "permit_validate.h"
#include "support.h"


#define DOCUMENTED                                                            \
    "{\"apiToken\":\"YOUR-API-TOKEN\",\"Amount\":\"14.50\","                  \
    "\"CurrencyID\":\"CAD\",\"LicencePlate\":\"PL8RDR\",\"zone\":\"Lot 4\","  \
    "\"permitNo\":\"L4-1138\",\"startTime\":\"2018-07-02T09:00:00\","         \
    "\"endTime\":\"2018-07-02T09:30:00\"}"


/* Nothing is consumed twice, and nothing of the next element is. */

static void
test_consumed(void **state)
{
    size_t          consumed;
    permit_array_t *array;

    static const char body[] = " [ {\"a\":1} , 7 ,{}]";

    (void) state;

    interface = memory_start(&memory);
    array = permit_array_create(&permit, &permit_schema_push, &rules,
                                &interface);

    assert_int_equal(permit_array_feed(array, body, 0, &consumed),
                     PERMIT_PARSE_OK);
    assert_int_equal(consumed, 0);

    assert_int_equal(permit_array_feed(array, body, 19, &consumed),
                     PERMIT_PARSE_ELEMENT);
    assert_int_equal(consumed, 10);

    assert_int_equal(permit_array_feed(array, body + 10, 0, &consumed),
                     PERMIT_PARSE_OK);
    assert_int_equal(consumed, 0);

    /* fewer bytes than were seen before */

    assert_int_equal(permit_array_feed(array, body + 10, 2, &consumed),
                     PERMIT_PARSE_OK);
    assert_int_equal(consumed, 2);

    assert_int_equal(permit_array_feed(array, body + 12, 7, &consumed),
                     PERMIT_PARSE_NOT_AN_OBJECT);
    assert_int_equal(consumed, 2);

    assert_int_equal(permit_array_feed(array, body + 14, 5, &consumed),
                     PERMIT_PARSE_ELEMENT);
    assert_int_equal(consumed, 4);

    assert_int_equal(permit_array_feed(array, body + 18, 1, &consumed),
                     PERMIT_PARSE_OK);
    assert_int_equal(permit_array_finish(array), PERMIT_PARSE_OK);

    memory_end(&memory);
}


/* An earlier element stays as it is where the next one has its own place. */

static void
test_places(void **state)
{
    size_t          pos, consumed;
    memory_t        other_memory;
    permit_t        other;
    permit_array_t *array;
    permit_memory_t other_interface;

    static const char body[] =
        "[{\"zone\":\"" X50 X50 X10 "\",\"plate\":\"" X10 X10 "a\",\"x\":1},"
        "{\"zone\":\"B\"}]";

    (void) state;

    interface = memory_start(&memory);
    other_interface = memory_start(&other_memory);

    array = permit_array_create(&permit, &permit_schema_push, &rules,
                                &interface);

    permit_array_set_permit(array, &other, &other_interface);

    assert_int_equal(permit_array_feed(array, body, sizeof(body) - 1, &pos),
                     PERMIT_PARSE_ELEMENT);
    assert_int_equal(other_memory.nblocks, 1);

    permit_array_set_permit(array, &permit, &interface);

    assert_int_equal(permit_array_feed(array, body + pos,
                                       sizeof(body) - 1 - pos, &consumed),
                     PERMIT_PARSE_ELEMENT);

    (void) permit_validate(&other, &rules);
    (void) permit_validate(&permit, &rules);

    assert_int_equal(other.stored[PERMIT_ZONE][0].len, 110);
    assert_int_equal(other.stored[PERMIT_PLATE][0].len, 21);
    assert_int_equal(permit.stored[PERMIT_ZONE][0].len, 1);
    assert_int_equal(permit.code[PERMIT_PLATE], PERMIT_MISSING);

    memory_end(&memory);
    memory_end(&other_memory);
}


/* Memory as nginx's pools have it: what is small is never freed. */

typedef struct {
    size_t small;
    size_t large;
    size_t peak;
} pool_t;


static void *
pool_alloc(void *ctx, size_t size)
{
    size_t *block;
    pool_t *pool;

    pool = ctx;
    block = malloc(2 * sizeof(size_t) + size);
    assert_non_null(block);
    block[0] = size;

    if (size < 4096) {
        pool->small += size;

    } else {
        pool->large += size;
        pool->peak = pool->large > pool->peak ? pool->large : pool->peak;
    }

    return block + 2;
}


static void
pool_free(void *ctx, void *p)
{
    size_t *block;
    pool_t *pool;

    pool = ctx;
    block = (size_t *) p - 2;

    if (block[0] >= 4096) {
        pool->large -= block[0];
        free(block);
    }
}


static void
no_value(void *ctx, void *p)
{
    (void) ctx;
    (void) p;
}


static void *
one_value(void *ctx, size_t size)
{
    static char value[20000];

    (void) ctx;

    assert_true(size <= sizeof(value));

    return value;
}


/*
 * 100,000 elements in pieces of any size, long tokens with escapes among them:
 * the reader's memory does not grow.
 */

static void
test_memory(void **state)
{
    static char body[40000];

    pool_t          pool;
    size_t          i, n, len, left, consumed, after;
    unsigned        elements;
    permit_array_t *array;
    permit_memory_t memory_of_pool, values;
    permit_parse_t  outcome;

    (void) state;

    len = 0;

    for (i = 0; i < 20; i++) {
        len += (size_t) sprintf(body + len, "%s,\n7,", DOCUMENTED);
    }

    len += (size_t) sprintf(body + len, "{\"zone\":\"\\u0041");
    memset(body + len, 'x', 12000);
    len += 12000;
    len += (size_t) sprintf(body + len, "\"},");

    memset(&pool, 0, sizeof(pool_t));

    memory_of_pool.alloc = pool_alloc;
    memory_of_pool.free = pool_free;
    memory_of_pool.ctx = &pool;

    values.alloc = one_value;
    values.free = no_value;
    values.ctx = NULL;

    array = permit_array_create(&permit, &permit_schema_push, &rules,
                                &memory_of_pool);
    permit_array_set_permit(array, &permit, &values);

    assert_int_equal(permit_array_feed(array, "[", 1, &consumed),
                     PERMIT_PARSE_OK);

    after = pool.small + pool.large;
    assert_in_range(after, 1, 8192);

    elements = 0;

    while (elements < 100000) {

        for (left = len; left; left -= consumed) {
            n = 1 + (elements * 7919u) % 5000;
            n = n < left ? n : left;

            outcome = permit_array_feed(array, body + len - left, n,
                                        &consumed);

            elements += outcome == PERMIT_PARSE_ELEMENT
                        || outcome == PERMIT_PARSE_NOT_AN_OBJECT;

            if (outcome > PERMIT_PARSE_ELEMENT
                && outcome != PERMIT_PARSE_NOT_AN_OBJECT)
            {
                fail_msg("%u elements, then %d at %zu", elements, outcome,
                         permit_array_offset(array));
            }
        }
    }

    assert_int_equal(pool.small + pool.large, after);
    assert_in_range(pool.peak, 12000, 131072);

    free((size_t *) (void *) array - 2);
}


static void
test_no_memory(void **state)
{
    size_t          fail_at, n, len, consumed;
    permit_array_t *array;
    permit_parse_t  outcome;

    static const char body[] =
        "[{},{\"zone\":\"\\u0041"
        X200 X200 X200 X200 X200 X200
        X200 X200 X200 X200 X200 X200
        "\",\"b\":[1,2]},{}]";

    (void) state;

    for (fail_at = 1;; fail_at++) {
        interface = memory_start(&memory);
        memory.fail_at = fail_at;
        outcome = PERMIT_PARSE_NO_MEMORY;

        array = permit_array_create(&permit, &permit_schema_push, &rules,
                                    &interface);

        for (len = 0; array && len < sizeof(body) - 1; len += consumed) {
            n = sizeof(body) - 1 - len;
            n = n < 2100 ? n : 2100;
            outcome = permit_array_feed(array, body + len, n, &consumed);

            if (outcome == PERMIT_PARSE_NO_MEMORY) {
                assert_int_equal(permit_array_finish(array),
                                 PERMIT_PARSE_NO_MEMORY);
                break;
            }
        }

        memory_end(&memory);

        if (outcome == PERMIT_PARSE_OK) {
            break;
        }

        assert_int_equal(outcome, PERMIT_PARSE_NO_MEMORY);
    }

    /* what is incomplete at the end may need memory there */

    interface = memory_start(&memory);
    memory.fail_at = 2;

    array = permit_array_create(&permit, &permit_schema_push, &rules,
                                &interface);

    for (n = 0; n < 2047; n++) {
        assert_int_equal(permit_array_feed(array, n ? "x" : "\"", 1,
                                           &consumed),
                         PERMIT_PARSE_OK);
    }

    assert_int_equal(permit_array_finish(array), PERMIT_PARSE_NO_MEMORY);
    assert_int_equal(permit_array_finish(array), PERMIT_PARSE_NO_MEMORY);
    memory_end(&memory);

    /* the reader, yajl's two buffers that are too long, and the value */

    assert_in_range(fail_at, 5, 30);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_consumed),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("permit array in use", tests, NULL,
                                       NULL);
}
