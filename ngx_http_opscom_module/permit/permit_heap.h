
/* Memory for yajl, which checks no allocation. */


#ifndef PERMIT_HEAP_H_INCLUDED
#define PERMIT_HEAP_H_INCLUDED


#include <setjmp.h>

#include <yajl/yajl_common.h>

#include "permit.h"


/*
 * Blocks are cut from a buffer of the user's as long as it lasts, so that they
 * cost next to nothing and are freed all at once; what does not fit comes from
 * the memory, and goes back to it.
 *
 * On allocation failure control returns by longjmp(*no_memory, 1) and the yajl
 * handle must not be used again; the user points no_memory at a buffer of its
 * own and calls setjmp() before it calls yajl.
 */

typedef struct {
    const permit_memory_t  *memory;
    char                   *next; /* what is left of the buffer */
    char                   *end;
    char                   *start;
    unsigned                outside; /* blocks that are not in the buffer */
    jmp_buf                *no_memory;
} permit_heap_t;


/*
 * Makes functions for yajl.  Heap, memory and buffer must outlive their use;
 * the buffer is aligned for pointers.
 */
void permit_heap_init(permit_heap_t *heap, const permit_memory_t *memory,
    void *buffer, size_t size, yajl_alloc_funcs *functions);

/* Frees all blocks of the buffer at once. */
void permit_heap_reset(permit_heap_t *heap);


#endif /* PERMIT_HEAP_H_INCLUDED */
