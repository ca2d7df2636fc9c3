
/* The attribute table, and names in it. */


#include <string.h>

#include "permit_attributes.h"
#include "permit_rules.h"


/* The accepted names of all attributes, by a hash; many slots are free. */

#define PERMIT_SLOTS  64

typedef struct {
    const permit_text_t  *name; /* NULL: free */
    permit_id_t           id;
} permit_slot_t;


static void permit_attributes_index(void);
static permit_slot_t *permit_attributes_slot(permit_text_t name);
static permit_slot_t *permit_attributes_next(const permit_slot_t *slot);


static permit_slot_t  permit_slots[PERMIT_SLOTS];
static bool           permit_indexed;


const permit_attribute_t permit_attributes[PERMIT_ATTRIBUTES] = {

    [PERMIT_TOKEN] = {
        .canonical = "token",
        .names = { PERMIT_TEXT("apiToken") },
        .limit = 50,
        .rule = permit_rules_identifier,
        .accepts = "the API token that was issued to you",
    },

    [PERMIT_REFERENCE_ID] = {
        .canonical = "reference_id",
        .names = { PERMIT_TEXT("referenceid"),
                   PERMIT_TEXT("referenceID"),
                   PERMIT_TEXT("reference_id") },
        .limit = 50,
        .rule = permit_rules_identifier,
        .accepts = "the reference ID that the push answered, at most 50"
                   " characters of A-Z, a-z, 0-9 and -",
    },

    [PERMIT_AMOUNT] = {
        .canonical = "amount",
        .names = { PERMIT_TEXT("amount"), PERMIT_TEXT("Amount") },
        .fields = { PERMIT_TEXT("amount"), PERMIT_TEXT("amount_cents") },
        .limit = 9,
        .rule = permit_rules_amount,
        .accepts = "an amount from 0.01 to 999999.99 with two decimals,"
                   " such as 14.50",
    },

    [PERMIT_CURRENCY] = {
        .canonical = "currency",
        .names = { PERMIT_TEXT("currency"), PERMIT_TEXT("CurrencyID") },
        .fields = { PERMIT_TEXT("currency") },
        .limit = PERMIT_MAX_CURRENCY,
        .rule = permit_rules_currency,
        .accepts = NULL, /* the operator's list */
    },

    [PERMIT_START] = {
        .canonical = "start",
        .names = { PERMIT_TEXT("startTime"), PERMIT_TEXT("StartDateUtc") },
        .fields = { PERMIT_TEXT("start"), PERMIT_TEXT("start_ts") },
        .limit = 20,
        .rule = permit_rules_time,
        .accepts = "a date and time in UTC from 1970 to 9999, such as"
                   " 2018-07-02T09:00:00",
    },

    [PERMIT_END] = {
        .canonical = "end",
        .names = { PERMIT_TEXT("endTime"), PERMIT_TEXT("EndDateUtc") },
        .fields = { PERMIT_TEXT("end"), PERMIT_TEXT("end_ts") },
        .limit = 20,
        .rule = permit_rules_time,
        .accepts = "a date and time in UTC from 1970 to 9999, later than the"
                   " start, such as 2018-07-02T09:30:00",
    },

    [PERMIT_PLATE] = {
        .canonical = "plate",
        .names = { PERMIT_TEXT("plate"), PERMIT_TEXT("LicencePlate") },
        .fields = { PERMIT_TEXT("plate"), PERMIT_TEXT("plate_raw") },
        .limit = 25,
        .rule = permit_rules_plate,
        .accepts = "a licence plate of at most 25 characters, such as PL8RDR",
    },

    [PERMIT_TICKET] = {
        .canonical = "ticket",
        .names = { PERMIT_TEXT("permitNo"), PERMIT_TEXT("TicketNumber") },
        .fields = { PERMIT_TEXT("ticket") },
        .limit = 50,
        .rule = permit_rules_text,
        .accepts = "a ticket number of at most 50 characters",
    },

    [PERMIT_ZONE] = {
        .canonical = "zone",
        .names = { PERMIT_TEXT("zone"), PERMIT_TEXT("ParkingZoneName") },
        .fields = { PERMIT_TEXT("zone") },
        .limit = 200,
        .rule = permit_rules_text,
        .accepts = "a zone name of at most 200 characters",
    },

    [PERMIT_AT] = {
        .canonical = "at",
        .names = { PERMIT_TEXT("at") },
        .limit = 20,
        .rule = permit_rules_time,
        .accepts = "a date and time in UTC from 1970 to 9999, such as"
                   " 2018-07-02T09:15:00",
    },
};


permit_id_t
permit_attributes_find(const permit_schema_t *schema, permit_text_t name,
    const permit_text_t **found)
{
    const permit_slot_t  *slot;

    if (!permit_indexed) {
        permit_attributes_index();
    }

    if (name.len == 0) {
        return PERMIT_NO_ATTRIBUTE;
    }

    for (slot = permit_attributes_slot(name);
         slot->name;
         slot = permit_attributes_next(slot))
    {

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
permit_attributes_index(void)
{
    unsigned              id;
    permit_slot_t        *slot;
    const permit_text_t  *name;

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {

        for (name = permit_attributes[id].names; name->len; name++) {
            slot = permit_attributes_slot(*name);

            while (slot->name) {
                slot = permit_attributes_next(slot);
            }

            slot->name = name;
            slot->id = (permit_id_t) id;
        }
    }

    permit_indexed = true;
}


/* Keeps the names of the table apart, which is fast but not necessary. */

static permit_slot_t *
permit_attributes_slot(permit_text_t name)
{
    unsigned  first, last;

    first = (unsigned char) name.data[0];
    last = (unsigned char) name.data[name.len - 1];

    return &permit_slots[(first + 3 * last + name.len) % PERMIT_SLOTS];
}


static permit_slot_t *
permit_attributes_next(const permit_slot_t *slot)
{
    return &permit_slots[(slot - permit_slots + 1) % PERMIT_SLOTS];
}


const char *
permit_attributes_accepts(permit_id_t id, const permit_rules_t *rules)
{
    if (id == PERMIT_CURRENCY) {
        return rules->currencies_text;
    }

    return permit_attributes[id].accepts;
}


const permit_text_t *
permit_attributes_name(const permit_t *permit, permit_id_t id)
{
    const permit_text_t  *used;

    used = permit->given[id].name;

    return used ? used : &permit_attributes[id].names[0];
}
