
/* A good permit as the fields that are stored. */


#include "permit_attributes.h"
#include "permit_fields.h"


size_t
permit_fields(const permit_t *permit, permit_field_t *fields)
{
    size_t                n;
    unsigned              id, f;
    const permit_text_t  *names;

    n = 0;

    for (id = PERMIT_AMOUNT; id < PERMIT_ATTRIBUTES; id++) {
        names = permit_attributes[id].fields;

        for (f = 0; names[f].len && permit->stored[id][f].len; f++) {
            fields[n].id = (permit_id_t) id;
            fields[n].variant = f;
            fields[n].name = names[f];
            fields[n].value = permit->stored[id][f];
            n++;
        }
    }

    return n;
}
