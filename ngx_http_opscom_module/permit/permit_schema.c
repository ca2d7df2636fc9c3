
/* Which attributes each endpoint takes. */


#include "permit_schema.h"


const permit_schema_t permit_schema_push = {
    .need = {
        [PERMIT_TOKEN] = PERMIT_REQUIRED,
        [PERMIT_AMOUNT] = PERMIT_OPTIONAL,
        [PERMIT_CURRENCY] = PERMIT_OPTIONAL,
        [PERMIT_START] = PERMIT_REQUIRED,
        [PERMIT_END] = PERMIT_REQUIRED,
        [PERMIT_PLATE] = PERMIT_REQUIRED,
        [PERMIT_TICKET] = PERMIT_OPTIONAL,
        [PERMIT_ZONE] = PERMIT_OPTIONAL,
    },
};


const permit_schema_t permit_schema_update = {
    .need = {
        [PERMIT_TOKEN] = PERMIT_REQUIRED,
        [PERMIT_REFERENCE_ID] = PERMIT_REQUIRED,
        [PERMIT_AMOUNT] = PERMIT_OPTIONAL,
        [PERMIT_CURRENCY] = PERMIT_OPTIONAL,
        [PERMIT_END] = PERMIT_OPTIONAL,
        [PERMIT_PLATE] = PERMIT_OPTIONAL,
    },
};


const permit_schema_t permit_schema_delete = {
    .need = {
        [PERMIT_TOKEN] = PERMIT_REQUIRED,
        [PERMIT_REFERENCE_ID] = PERMIT_REQUIRED,
    },
};


const permit_schema_t permit_schema_lookup = {
    .need = {
        [PERMIT_TOKEN] = PERMIT_REQUIRED,
        [PERMIT_REFERENCE_ID] = PERMIT_OPTIONAL,
        [PERMIT_PLATE] = PERMIT_REQUIRED_UNLESS_ID,
        [PERMIT_ZONE] = PERMIT_OPTIONAL,
        [PERMIT_AT] = PERMIT_OPTIONAL,
    },
};
