
#include <string.h>

#include "permit_heap.h"


/* realloc() needs a block's size, which stands before it. */

typedef union {
    size_t size;
    void  *align; /* yajl keeps pointers and sizes, nothing wider */
} permit_block_t;


static void *permit_heap_malloc(void *ctx, size_t size);
static void *permit_heap_realloc(void *ctx, void *block, size_t size);
static void  permit_heap_free(void *ctx, void *block);


void
permit_heap_init(permit_heap_t *heap, const permit_memory_t *memory,
    yajl_alloc_funcs *functions)
{
    heap->memory = memory;

    functions->malloc = permit_heap_malloc;
    functions->realloc = permit_heap_realloc;
    functions->free = permit_heap_free;
    functions->ctx = heap;
}


static void *
permit_heap_malloc(void *ctx, size_t size)
{
    permit_heap_t  *heap;
    permit_block_t *block;

    heap = ctx;

    block = heap->memory->alloc(
        heap->memory->ctx, sizeof(permit_block_t) + size);
    if (block == NULL) {
        longjmp(heap->no_memory, 1);
    }

    block->size = size;

    return block + 1;
}


static void *
permit_heap_realloc(void *ctx, void *block, size_t size)
{
    void  *copy;
    size_t old;

    copy = permit_heap_malloc(ctx, size);

    if (block) {
        old = ((permit_block_t *) block - 1)->size;
        memcpy(copy, block, old < size ? old : size);
        permit_heap_free(ctx, block);
    }

    return copy;
}


static void
permit_heap_free(void *ctx, void *block)
{
    permit_heap_t *heap;

    heap = ctx;

    if (block) {
        heap->memory->free(heap->memory->ctx, (permit_block_t *) block - 1);
    }
}
