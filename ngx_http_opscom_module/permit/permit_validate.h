
/* From the values that were given to a permit, or to errors. */


#ifndef PERMIT_VALIDATE_H_INCLUDED
#define PERMIT_VALIDATE_H_INCLUDED


#include "permit.h"


/*
 * Validates the token alone: PERMIT_GOOD, PERMIT_MISSING when it is absent or
 * empty, and another code when it is ill-formed.
 */
permit_code_t permit_validate_token(permit_t *permit);

/*
 * Validates every attribute but the token, fills permit->code and the normal
 * forms, and returns how many attributes are refused.  To be called once.
 */
unsigned permit_validate(permit_t *permit, const permit_rules_t *rules);


#endif /* PERMIT_VALIDATE_H_INCLUDED */
