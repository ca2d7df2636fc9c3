
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"


static void *memory_alloc(void *ctx, size_t size);
static void  memory_free(void *ctx, void *block);


permit_memory_t
memory_start(memory_t *memory)
{
    permit_memory_t interface;

    memset(memory, 0, sizeof(memory_t));

    interface.alloc = memory_alloc;
    interface.free = memory_free;
    interface.ctx = memory;

    return interface;
}


void
memory_end(memory_t *memory)
{
    size_t i;

    for (i = 0; i < memory->nblocks; i++) {
        free(memory->blocks[i]);
    }

    memory->nblocks = 0;
}


static void *
memory_alloc(void *ctx, size_t size)
{
    memory_t *memory;

    memory = ctx;

    assert(memory->nblocks < sizeof(memory->blocks) / sizeof(void *));

    if (memory->nblocks + 1 == memory->fail_at) {
        return NULL;
    }

    memory->total += size;

    /* the exact size, so that ASan checks the bounds */

    return memory->blocks[memory->nblocks++] = malloc(size);
}


/* Kept in the list, so that the count of allocations only grows. */

static void
memory_free(void *ctx, void *block)
{
    size_t    i;
    memory_t *memory;

    memory = ctx;

    for (i = 0; i < memory->nblocks; i++) {

        if (memory->blocks[i] == block) {
            free(block);
            memory->blocks[i] = NULL;
            return;
        }
    }

    assert(!"a block that was never allocated");
}
