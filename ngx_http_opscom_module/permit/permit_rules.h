
/*
 * The rules of single attributes, for the attribute table.  Each is a
 * permit_rule_pt: see permit.h for what it takes and what it leaves.
 */


#ifndef PERMIT_RULES_H_INCLUDED
#define PERMIT_RULES_H_INCLUDED


#include "permit.h"


/* A token or a reference ID: [A-Za-z0-9-]. */
permit_code_t permit_rules_identifier(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);

/*
 * ^[0-9]{1,6}\.[0-9]{2}$ and not 0.00; stored without leading zeros, and as
 * cents.
 */
permit_code_t permit_rules_amount(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);

/* One of rules->currencies in any case; stored in upper case. */
permit_code_t permit_rules_currency(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);

/* YYYY-MM-DDTHH:MM:SS[Z] in UTC; stored with Z, and as epoch seconds. */
permit_code_t permit_rules_time(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);

/* Stored in ASCII upper case without spaces and "-", and as pushed. */
permit_code_t permit_rules_plate(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);

/* Any text; stored as it is. */
permit_code_t permit_rules_text(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);


#endif /* PERMIT_RULES_H_INCLUDED */
