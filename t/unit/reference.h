
/*
 * A second reading of the contract: slow, whole bodies only, with a JSON
 * reader of its own.  The property test and the fuzzer compare permit/ with
 * it.
 */


#ifndef REFERENCE_H_INCLUDED
#define REFERENCE_H_INCLUDED


#include "permit.h"
#include "permit_parser.h"


typedef struct {
    permit_parse_t outcome;
    int            vague; /* malformed or too large */
    permit_code_t  code[PERMIT_ATTRIBUTES];
    const char    *name[PERMIT_ATTRIBUTES];
    char           stored[PERMIT_ATTRIBUTES][2][1024];
} reference_t;


/* Reads a whole body; schema is "push", "update", "delete" or "lookup". */
void reference_read(reference_t *reference, const char *schema,
    const unsigned char *body, size_t len, size_t max_body);


#endif /* REFERENCE_H_INCLUDED */
