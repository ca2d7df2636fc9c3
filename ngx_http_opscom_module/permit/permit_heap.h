
/* Memory for yajl, which checks no allocation. */


#ifndef PERMIT_HEAP_H_INCLUDED
#define PERMIT_HEAP_H_INCLUDED


#include <setjmp.h>

#include <yajl/yajl_common.h>

#include "permit.h"


/*
 * Without memory yajl is left by longjmp(no_memory, 1) and must not be entered
 * again; the user calls setjmp(no_memory) before it enters yajl.
 */

typedef struct {
    const permit_memory_t *memory;
    jmp_buf                no_memory;
} permit_heap_t;


/* Makes functions for yajl of the memory; heap and memory must outlive it. */
void permit_heap_init(permit_heap_t *heap, const permit_memory_t *memory,
    yajl_alloc_funcs *functions);


#endif /* PERMIT_HEAP_H_INCLUDED */
