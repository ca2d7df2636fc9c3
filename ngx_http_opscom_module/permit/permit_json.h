
/*
 * One JSON value, read by yajl: what the members of an object have goes to a
 * permit.  Used for a body (permit_parser) and for each element of an array of
 * bodies (permit_array).
 */


#ifndef PERMIT_JSON_H_INCLUDED
#define PERMIT_JSON_H_INCLUDED


#include <yajl/yajl_parse.h>

#include "permit.h"
#include "permit_heap.h"


/* In bytes, all that yajl allocates for a value that comes in one piece. */
#define PERMIT_JSON_BUFFER  448


typedef enum {
    PERMIT_JSON_MORE, /* all was taken, the value goes on */
    PERMIT_JSON_DONE, /* the value has ended */
    PERMIT_JSON_MALFORMED,
    PERMIT_JSON_TOO_DEEP,
    PERMIT_JSON_NO_MEMORY
} permit_json_status_t;


typedef struct {
    permit_t               *permit;
    const permit_schema_t  *schema;
    const permit_memory_t  *memory; /* of the values */

    yajl_handle  yajl;
    unsigned     depth;
    permit_id_t  current;  /* the attribute the next value is of */
    bool         complete; /* the value has ended */
    bool         an_object;

    yajl_alloc_funcs  functions;
    permit_heap_t     heap;
} permit_json_t;


/*
 * Prepares the memory for yajl, once.  The buffer is aligned for pointers, and
 * what does not fit into it comes from memory; both must outlive json.
 */
void permit_json_init(permit_json_t *json, const permit_memory_t *memory,
    void *buffer, size_t size);

/*
 * Starts with a value.  The permit is zeroed and given its schema; values that
 * do not fit into permit->text are allocated from memory.  All arguments must
 * outlive the value.  Returns false without memory.
 */
bool permit_json_start(permit_json_t *json, permit_t *permit,
    const permit_schema_t *schema, const permit_memory_t *memory);

/*
 * Parses the next piece, which must have passed permit_scan.  consumed is how
 * much of it was read: all with PERMIT_JSON_MORE, up to the end of the
 * value with PERMIT_JSON_DONE, up to about the error otherwise.  The
 * value cannot be continued after anything but PERMIT_JSON_MORE.
 */
permit_json_status_t permit_json_feed(permit_json_t *json, const char *data,
    size_t len, size_t *consumed);

/*
 * Nothing follows the value: a number may end so.  Returns PERMIT_JSON_DONE,
 * PERMIT_JSON_MALFORMED where the value is incomplete, or
 * PERMIT_JSON_NO_MEMORY.
 */
permit_json_status_t permit_json_finish(permit_json_t *json);

/* Frees yajl's memory, so that another value can be started. */
void permit_json_end(permit_json_t *json);


#endif /* PERMIT_JSON_H_INCLUDED */
