
/* A good permit as the fields that are stored. */


#ifndef PERMIT_FIELDS_H_INCLUDED
#define PERMIT_FIELDS_H_INCLUDED


#include "permit.h"


/*
 * Lists the stored fields of a permit that was found good, in the order of the
 * table, without the reference ID.  fields has space for PERMIT_FIELDS_MAX;
 * returns their number.  The text lives as long as the permit.
 */
size_t permit_fields(const permit_t *permit, permit_field_t *fields);


#endif /* PERMIT_FIELDS_H_INCLUDED */
