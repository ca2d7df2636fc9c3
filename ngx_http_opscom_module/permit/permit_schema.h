
/* Which attributes each endpoint takes.  A further endpoint is a list here. */


#ifndef PERMIT_SCHEMA_H_INCLUDED
#define PERMIT_SCHEMA_H_INCLUDED


#include "permit.h"


extern const permit_schema_t permit_schema_push;
extern const permit_schema_t permit_schema_update;
extern const permit_schema_t permit_schema_delete;
extern const permit_schema_t permit_schema_lookup;


#endif /* PERMIT_SCHEMA_H_INCLUDED */
