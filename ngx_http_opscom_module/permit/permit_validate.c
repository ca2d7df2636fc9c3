
/* Validates the values of a permit and makes their normal forms. */


#include "permit_attributes.h"
#include "permit_validate.h"


static permit_code_t permit_validate_one(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);
static bool permit_validate_is_needed(const permit_t *permit, permit_id_t id);
static size_t permit_validate_length(permit_text_t text);


permit_code_t
permit_validate_token(permit_t *permit)
{
    permit->code[PERMIT_TOKEN] = permit_validate_one(permit, PERMIT_TOKEN,
                                                     NULL);

    return permit->code[PERMIT_TOKEN];
}


unsigned
permit_validate(permit_t *permit, const permit_rules_t *rules)
{
    unsigned  id, refused;

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {
        permit->code[id] = permit_validate_one(permit, (permit_id_t) id,
                                               rules);
    }

    /* the script compares the new end of an update with the stored start */

    if (permit->stored[PERMIT_START][0].len
        && permit->stored[PERMIT_END][0].len
        && permit->end_ts <= permit->start_ts)
    {
        permit->code[PERMIT_END] = PERMIT_END_NOT_AFTER_START;
    }

    refused = 0;

    for (id = PERMIT_TOKEN + 1; id < PERMIT_ATTRIBUTES; id++) {
        refused += (permit->code[id] != PERMIT_GOOD);
    }

    return refused;
}


static permit_code_t
permit_validate_one(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules)
{
    const permit_given_t      *given;
    const permit_attribute_t  *attribute;

    given = &permit->given[id];
    attribute = &permit_attributes[id];

    if (given->wrong_type) {
        return PERMIT_INVALID_TYPE;
    }

    if (given->conflicting) {
        return PERMIT_CONFLICTING;
    }

    if (given->text.len == 0) {
        return permit_validate_is_needed(permit, id) ? PERMIT_MISSING
                                                     : PERMIT_GOOD;
    }

    /* no code point is shorter than a byte: most values need no count */

    if (given->text.len > attribute->limit
        && permit_validate_length(given->text) > attribute->limit)
    {
        return PERMIT_TOO_LONG;
    }

    return attribute->rule(permit, id, rules);
}


/*
 * Of an absent attribute.  A reference ID of the wrong type counts as given:
 * it has an error of its own.
 */

static bool
permit_validate_is_needed(const permit_t *permit, permit_id_t id)
{
    const permit_given_t  *reference;

    switch (permit->schema->need[id]) {

    case PERMIT_REQUIRED:
        return true;

    case PERMIT_REQUIRED_UNLESS_ID:
        reference = &permit->given[PERMIT_REFERENCE_ID];
        return reference->text.len == 0 && !reference->wrong_type;

    default:
        return false;
    }
}


/* In well-formed UTF-8 each byte but a continuation starts a character. */

static size_t
permit_validate_length(permit_text_t text)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        n += ((unsigned char) text.data[i] & 0xc0) != 0x80;
    }

    return n;
}
