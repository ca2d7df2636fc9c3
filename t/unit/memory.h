
/* Memory for the tests of permit/, which can be made to fail. */


#ifndef MEMORY_H_INCLUDED
#define MEMORY_H_INCLUDED


#include "permit.h"


typedef struct {
    void  *blocks[512];
    size_t nblocks;
    size_t fail_at; /* the allocation that fails, from 1; 0: none */
    size_t total;   /* bytes ever asked for */
} memory_t;


/* Starts anew; what was allocated before must have been freed. */
permit_memory_t memory_start(memory_t *memory);

/* Frees everything. */
void memory_end(memory_t *memory);


#endif /* MEMORY_H_INCLUDED */
