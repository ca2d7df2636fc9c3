
/*
 * The attribute table and the lists of the endpoints.  A further attribute is
 * a row here (and a line in permit_id_t), a further endpoint is a list here.
 */


#include <string.h>

#include "permit.h"
#include "permit_rules.h"


/* The accepted names of all attributes, by a hash; many slots are free. */

#define PERMIT_SLOTS  64

typedef struct {
    const permit_text_t  *name; /* NULL: free */
    permit_id_t           id;
} permit_slot_t;


static void permit_index(void);
static permit_slot_t *permit_slot(permit_text_t name);
static permit_slot_t *permit_slot_next(const permit_slot_t *slot);


static permit_slot_t  permit_slots[PERMIT_SLOTS];
static bool           permit_indexed;


const permit_attribute_t permit_attributes[PERMIT_ATTRIBUTES] = {

    [PERMIT_TOKEN] = {
        .canonical = "token",
        .names = { PERMIT_TEXT("apiToken") },
        .limit = 50,
        .rule = permit_rule_identifier,
        .accepts = "the API token that was issued to you",
    },

    [PERMIT_REFERENCE_ID] = {
        .canonical = "reference_id",
        .names = { PERMIT_TEXT("referenceid"),
                   PERMIT_TEXT("referenceID"),
                   PERMIT_TEXT("reference_id") },
        .limit = 50,
        .rule = permit_rule_identifier,
        .accepts = "the reference ID that the push answered, at most 50"
                   " characters of A-Z, a-z, 0-9 and -",
    },

    [PERMIT_AMOUNT] = {
        .canonical = "amount",
        .names = { PERMIT_TEXT("amount"), PERMIT_TEXT("Amount") },
        .fields = { PERMIT_TEXT("amount"), PERMIT_TEXT("amount_cents") },
        .limit = 9,
        .rule = permit_rule_amount,
        .accepts = "an amount from 0.01 to 999999.99 with two decimals,"
                   " such as 14.50",
    },

    [PERMIT_CURRENCY] = {
        .canonical = "currency",
        .names = { PERMIT_TEXT("currency"), PERMIT_TEXT("CurrencyID") },
        .fields = { PERMIT_TEXT("currency") },
        .limit = PERMIT_MAX_CURRENCY,
        .rule = permit_rule_currency,
        .accepts = NULL, /* the operator's list */
    },

    [PERMIT_START] = {
        .canonical = "start",
        .names = { PERMIT_TEXT("startTime"), PERMIT_TEXT("StartDateUtc") },
        .fields = { PERMIT_TEXT("start"), PERMIT_TEXT("start_ts") },
        .limit = 20,
        .rule = permit_rule_time,
        .accepts = "a date and time in UTC from 1970 to 9999, such as"
                   " 2018-07-02T09:00:00",
    },

    [PERMIT_END] = {
        .canonical = "end",
        .names = { PERMIT_TEXT("endTime"), PERMIT_TEXT("EndDateUtc") },
        .fields = { PERMIT_TEXT("end"), PERMIT_TEXT("end_ts") },
        .limit = 20,
        .rule = permit_rule_time,
        .accepts = "a date and time in UTC from 1970 to 9999, later than the"
                   " start, such as 2018-07-02T09:30:00",
    },

    [PERMIT_PLATE] = {
        .canonical = "plate",
        .names = { PERMIT_TEXT("plate"), PERMIT_TEXT("LicencePlate") },
        .fields = { PERMIT_TEXT("plate"), PERMIT_TEXT("plate_raw") },
        .limit = 25,
        .rule = permit_rule_plate,
        .accepts = "a licence plate of at most 25 characters, such as PL8RDR",
    },

    [PERMIT_TICKET] = {
        .canonical = "ticket",
        .names = { PERMIT_TEXT("permitNo"), PERMIT_TEXT("TicketNumber") },
        .fields = { PERMIT_TEXT("ticket") },
        .limit = 50,
        .rule = permit_rule_text,
        .accepts = "a ticket number of at most 50 characters",
    },

    [PERMIT_ZONE] = {
        .canonical = "zone",
        .names = { PERMIT_TEXT("zone"), PERMIT_TEXT("ParkingZoneName") },
        .fields = { PERMIT_TEXT("zone") },
        .limit = 200,
        .rule = permit_rule_text,
        .accepts = "a zone name of at most 200 characters",
    },

    [PERMIT_AT] = {
        .canonical = "at",
        .names = { PERMIT_TEXT("at") },
        .limit = 20,
        .rule = permit_rule_time,
        .accepts = "a date and time in UTC from 1970 to 9999, such as"
                   " 2018-07-02T09:15:00",
    },
};


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


static const struct {
    const char *name;
    const char *phrase;
} permit_codes[PERMIT_CODES] = {

    [PERMIT_GOOD] = { "", "" },
    [PERMIT_INVALID_TYPE] = { "invalid_type", "must be a JSON string" },
    [PERMIT_CONFLICTING] = { "conflicting",
        "is given more than once with different values" },
    [PERMIT_MISSING] = { "missing", "is required" },
    [PERMIT_TOO_LONG] = { "too_long", "is too long" },
    [PERMIT_INVALID_FORMAT] = { "invalid_format",
        "is not in the accepted form" },
    [PERMIT_OUT_OF_RANGE] = { "out_of_range", "is out of range" },
    [PERMIT_UNSUPPORTED] = { "unsupported", "is not supported here" },
    [PERMIT_END_NOT_AFTER_START] = { "end_not_after_start",
        "must be later than the start" },
};


permit_id_t
permit_find(const permit_schema_t *schema, permit_text_t name,
    const permit_text_t **found)
{
    const permit_slot_t  *slot;

    if (!permit_indexed) {
        permit_index();
    }

    if (name.len == 0) {
        return PERMIT_NO_ATTRIBUTE;
    }

    for (slot = permit_slot(name); slot->name; slot = permit_slot_next(slot)) {

        if (slot->name->len == name.len
            && memcmp(slot->name->data, name.data, name.len) == 0)
        {
            *found = slot->name;

            return schema->need[slot->id] == PERMIT_NOT_TAKEN
                   ? PERMIT_NO_ATTRIBUTE : slot->id;
        }
    }

    return PERMIT_NO_ATTRIBUTE;
}


static void
permit_index(void)
{
    unsigned              id;
    permit_slot_t        *slot;
    const permit_text_t  *name;

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {

        for (name = permit_attributes[id].names; name->len; name++) {
            slot = permit_slot(*name);

            while (slot->name) {
                slot = permit_slot_next(slot);
            }

            slot->name = name;
            slot->id = (permit_id_t) id;
        }
    }

    permit_indexed = true;
}


/* Keeps the names of the table apart, which is fast but not necessary. */

static permit_slot_t *
permit_slot(permit_text_t name)
{
    unsigned  first, last;

    first = (unsigned char) name.data[0];
    last = (unsigned char) name.data[name.len - 1];

    return &permit_slots[(first + 3 * last + name.len) % PERMIT_SLOTS];
}


static permit_slot_t *
permit_slot_next(const permit_slot_t *slot)
{
    return &permit_slots[(slot - permit_slots + 1) % PERMIT_SLOTS];
}


const char *
permit_code_name(permit_code_t code)
{
    return permit_codes[code].name;
}


const char *
permit_code_phrase(permit_code_t code)
{
    return permit_codes[code].phrase;
}


const char *
permit_accepts(permit_id_t id, const permit_rules_t *rules)
{
    if (id == PERMIT_CURRENCY) {
        return rules->currencies_text;
    }

    return permit_attributes[id].accepts;
}


const permit_text_t *
permit_name(const permit_t *permit, permit_id_t id)
{
    const permit_text_t  *used;

    used = permit->given[id].name;

    return used ? used : &permit_attributes[id].names[0];
}
