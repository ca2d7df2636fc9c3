
/*
 * The attribute table.  A further attribute is a row in permit_attributes.c,
 * and a line in permit_id_t.
 */


#ifndef PERMIT_ATTRIBUTES_H_INCLUDED
#define PERMIT_ATTRIBUTES_H_INCLUDED


#include "permit.h"


extern const permit_attribute_t permit_attributes[PERMIT_ATTRIBUTES];


/*
 * Finds the attribute that a schema takes under a name, and the table's own
 * copy of the name.  Returns PERMIT_NO_ATTRIBUTE where there is none.
 */
permit_id_t permit_attributes_find(const permit_schema_t *schema,
    permit_text_t name, const permit_text_t **found);

/* Accepted values, as text for error messages. */
const char *permit_attributes_accepts(permit_id_t id,
    const permit_rules_t *rules);

/* The name that the client used first, or the first that is accepted. */
const permit_text_t *permit_attributes_name(const permit_t *permit,
    permit_id_t id);


#endif /* PERMIT_ATTRIBUTES_H_INCLUDED */
