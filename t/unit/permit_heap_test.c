
/* The heap for yajl alone: its buffer, and the memory behind it. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "permit_heap.h"
#include "support.h"


static permit_heap_t    heap;
static yajl_alloc_funcs yajl;


/* Blocks of any size are aligned and do not overlap. */

static void
test_blocks(void **state)
{
    char    *blocks[40];
    void    *buffer[128];
    size_t   i, n;
    unsigned in;

    (void) state;

    interface = memory_start(&memory);
    memset(&heap, 0xff, sizeof(permit_heap_t));
    permit_heap_init(&heap, &interface, buffer, sizeof(buffer), &yajl);
    assert_int_equal(heap.outside, 0);

    in = 0;

    for (i = 0; i < COUNT(blocks); i++) {
        blocks[i] = yajl.malloc(yajl.ctx, i);
        assert_int_equal((uintptr_t) blocks[i] % sizeof(void *), 0);
        memset(blocks[i], (int) i, i);

        in += blocks[i] > (char *) buffer
              && blocks[i] + i <= (char *) buffer + sizeof(buffer);
    }

    assert_int_equal(heap.outside, COUNT(blocks) - in);
    assert_int_equal(memory.nblocks, COUNT(blocks) - in);

    /* 8 bytes before each block, which is whole words: 31 fit into 1024 */

    for (n = 0, i = 0; i < in; i++) {
        n += 8 + (i + 7) / 8 * 8;
    }

    assert_in_range(n, sizeof(buffer) - 47, sizeof(buffer));

    for (i = 0; i < COUNT(blocks); i++) {

        for (n = 0; n < i; n++) {
            assert_int_equal(blocks[i][n], i);
        }

        yajl.free(yajl.ctx, blocks[i]);
    }

    yajl.free(yajl.ctx, NULL);

    assert_int_equal(heap.outside, 0);

    for (i = 0; i < memory.nblocks; i++) {
        assert_null(memory.blocks[i]);
    }

    memory_end(&memory);
}


/* The buffer is used to its last word, and again after a reset. */

static void
test_reset(void **state)
{
    void *block, *again, *buffer[8];

    (void) state;

    interface = memory_start(&memory);
    permit_heap_init(&heap, &interface, buffer, sizeof(buffer), &yajl);

    block = yajl.malloc(yajl.ctx, sizeof(buffer) - sizeof(void *));
    assert_int_equal(heap.outside, 0);
    assert_ptr_equal(block, buffer + 1);

    again = yajl.malloc(yajl.ctx, 0);
    assert_int_equal(heap.outside, 1);
    yajl.free(yajl.ctx, again);
    assert_int_equal(heap.outside, 0);

    permit_heap_reset(&heap);

    again = yajl.malloc(yajl.ctx, 1);
    assert_ptr_equal(again, block);
    assert_int_equal(heap.outside, 0);

    memory_end(&memory);
}


static void
test_growth(void **state)
{
    char *block;
    void *buffer[8];

    (void) state;

    interface = memory_start(&memory);
    permit_heap_init(&heap, &interface, buffer, sizeof(buffer), &yajl);

    block = yajl.realloc(yajl.ctx, NULL, 8);
    memcpy(block, "12345678", 8);

    block = yajl.realloc(yajl.ctx, block, 100);
    assert_memory_equal(block, "12345678", 8);
    assert_int_equal(heap.outside, 1);
    memcpy(block, "abcdefgh", 8);

    block = yajl.realloc(yajl.ctx, block, 200);
    assert_memory_equal(block, "abcdefgh", 8);
    assert_int_equal(heap.outside, 1);

    block = yajl.realloc(yajl.ctx, block, 4);
    assert_memory_equal(block, "abcd", 4);
    assert_int_equal(heap.outside, 0);

    memory_end(&memory);
}


static void
test_no_memory(void **state)
{
    int      thrown;
    void    *buffer[2];
    jmp_buf  no_memory;

    (void) state;

    interface = memory_start(&memory);
    memory.fail_at = 1;
    permit_heap_init(&heap, &interface, buffer, sizeof(buffer), &yajl);

    heap.no_memory = &no_memory;
    thrown = setjmp(no_memory);

    if (thrown == 0) {
        (void) yajl.malloc(yajl.ctx, 16);
        fail_msg("16 bytes of 16, with 8 before them");
    }

    assert_int_equal(thrown, 1);
    assert_int_equal(heap.outside, 0);

    memory_end(&memory);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("permit heap", tests, NULL, NULL);
}
