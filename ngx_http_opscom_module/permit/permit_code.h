
/* The names of permit_code_t. */


#ifndef PERMIT_CODE_H_INCLUDED
#define PERMIT_CODE_H_INCLUDED


#include "permit.h"


/* In responses: "missing", "too_long" ...; "" for good. */
const char *permit_code_name(permit_code_t code);

/* What is wrong, as the second half of a sentence: "is required" ... */
const char *permit_code_phrase(permit_code_t code);


#endif /* PERMIT_CODE_H_INCLUDED */
