
/* See permit_heap.h. */


#include <string.h>

#include "permit_heap.h"


/* realloc() needs a block's size, which stands before it. */

typedef union {
    size_t size;
    void  *align; /* yajl keeps pointers and sizes, nothing wider */
} permit_block_t;


static void *permit_heap_malloc(void *ctx, size_t size);
static void *permit_heap_realloc(void *ctx, void *block, size_t size);
static void permit_heap_free(void *ctx, void *block);


void
permit_heap_init(permit_heap_t *heap, const permit_memory_t *memory,
    void *buffer, size_t size, yajl_alloc_funcs *functions)
{
    heap->memory = memory;
    heap->start = buffer;
    heap->next = buffer;
    heap->end = heap->start + size;
    heap->outside = 0;

    functions->malloc = permit_heap_malloc;
    functions->realloc = permit_heap_realloc;
    functions->free = permit_heap_free;
    functions->ctx = heap;
}


void
permit_heap_reset(permit_heap_t *heap)
{
    heap->next = heap->start;
}


static void *
permit_heap_malloc(void *ctx, size_t size)
{
    size_t           total;
    permit_heap_t   *heap;
    permit_block_t  *block;

    heap = ctx;

    /* whole words, so that the next block is aligned too */

    total = (sizeof(permit_block_t) + size + sizeof(permit_block_t) - 1)
            / sizeof(permit_block_t) * sizeof(permit_block_t);

    if (total <= (size_t) (heap->end - heap->next)) {
        block = (permit_block_t *) (void *) heap->next;
        heap->next += total;

    } else {
        block = heap->memory->alloc(heap->memory->ctx, total);
        if (block == NULL) {
            longjmp(*heap->no_memory, 1);
        }

        heap->outside++;
    }

    block->size = size;

    return block + 1;
}


static void *
permit_heap_realloc(void *ctx, void *block, size_t size)
{
    void   *copy;
    size_t  old;

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
    char           *p;
    permit_heap_t  *heap;

    heap = ctx;

    if (block == NULL) {
        return;
    }

    p = (char *) ((permit_block_t *) block - 1);

    if (p >= heap->start && p < heap->end) {
        return;
    }

    heap->memory->free(heap->memory->ctx, p);
    heap->outside--;
}
