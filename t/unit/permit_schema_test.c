
/* Attributes beside each other: names, duplicates, endpoints, fields. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "permit_attributes.h"
#include "permit_fields.h"
#include "permit_schema.h"
#include "permit_validate.h"
#include "support.h"


static void
test_duplicates(void **state)
{
    static const case_t cases[] = {
        { "\"zone\":\"A\",\"zone\":\"A\"", PERMIT_ZONE, PERMIT_GOOD, "A",
            NULL },
        { "\"zone\":\"A\",\"ParkingZoneName\":\" A \"", PERMIT_ZONE,
            PERMIT_GOOD, "A", NULL },
        { "\"zone\":null,\"ParkingZoneName\":\"A\",\"zone\":\"\"", PERMIT_ZONE,
            PERMIT_GOOD, "A", NULL },
        { "\"zone\":\"A\",\"zone\":\"B\"", PERMIT_ZONE, PERMIT_CONFLICTING,
            NULL, NULL },
        { "\"zone\":\"A\",\"ParkingZoneName\":\"a\"", PERMIT_ZONE,
            PERMIT_CONFLICTING, NULL, NULL },
        { "\"zone\":\"A\",\"zone\":\"B\",\"zone\":3", PERMIT_ZONE,
            PERMIT_INVALID_TYPE, NULL, NULL },
        { "\"zone\":3,\"zone\":\"A\"", PERMIT_ZONE, PERMIT_INVALID_TYPE, NULL,
            NULL },
        { "\"zone\":\"" X200 "x\",\"zone\":\"" X200 "y\"", PERMIT_ZONE,
            PERMIT_CONFLICTING, NULL, NULL },
        { "\"zone\":\"" X200 "x\",\"zone\":\"" X200 "x\"", PERMIT_ZONE,
            PERMIT_TOO_LONG, NULL, NULL },
    };

    (void) state;

    validate(cases, COUNT(cases), NEEDED);
}


static void
test_token(void **state)
{
    size_t i;

    static const struct {
        const char   *body;
        permit_code_t code;
    } cases[] = {
        { "{\"apiToken\":\"YOUR-API-TOKEN\"}", PERMIT_GOOD },
        { "{\"apiToken\":\"" X50 "\"}", PERMIT_GOOD },
        { "{\"apiToken\":\"a\",\"apiToken\":\"a\"}", PERMIT_GOOD },
        { "{}", PERMIT_MISSING },
        { "{\"apiToken\":\"\"}", PERMIT_MISSING },
        { "{\"apiToken\":null}", PERMIT_MISSING },
        { "{\"ApiToken\":\"a\"}", PERMIT_MISSING },
        { "{\"apiToken\":\"" X50 "x\"}", PERMIT_TOO_LONG },
        { "{\"apiToken\":\" a\"}", PERMIT_INVALID_FORMAT },
        { "{\"apiToken\":\"a_b\"}", PERMIT_INVALID_FORMAT },
        { "{\"apiToken\":\"\xc3\xa9\"}", PERMIT_INVALID_FORMAT },
        { "{\"apiToken\":\"a\\u0000\"}", PERMIT_INVALID_FORMAT },
        { "{\"apiToken\":7}", PERMIT_INVALID_TYPE },
        { "{\"apiToken\":\"a\",\"apiToken\":\"b\"}", PERMIT_CONFLICTING },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        parse_good(&permit_schema_push, cases[i].body);
        assert_int_equal(permit_validate_token(&permit), cases[i].code);
        memory_end(&memory);
    }
}


static void
test_names(void **state)
{
    (void) state;

    parse_good(&permit_schema_push,
        "{\"EndDateUtc\":\"\",\"endTime\":7,"
        "\"LicencePlate\":null,\"x\":1}");
    assert_int_equal(permit_validate(&permit, &rules), 3);

    assert_text(*permit_attributes_name(&permit, PERMIT_END), "EndDateUtc");
    assert_text(*permit_attributes_name(&permit, PERMIT_START), "startTime");
    assert_text(*permit_attributes_name(&permit, PERMIT_PLATE), "LicencePlate");

    assert_int_equal(permit.code[PERMIT_END], PERMIT_INVALID_TYPE);
    assert_int_equal(permit.code[PERMIT_START], PERMIT_MISSING);
    assert_int_equal(permit.code[PERMIT_PLATE], PERMIT_MISSING);

    memory_end(&memory);
}


static void
test_forms(void **state)
{
    (void) state;

    /* what an endpoint does not take is an unknown name */

    parse_good(&permit_schema_update,
        "{\"referenceID\":\"a-1\",\"zone\":7,"
        "\"startTime\":\"x\",\"amount\":\"1.00\"}");
    assert_int_equal(permit_validate(&permit, &rules), 0);
    assert_text(permit.stored[PERMIT_REFERENCE_ID][0], "a-1");
    assert_text(permit.stored[PERMIT_AMOUNT][1], "100");
    memory_end(&memory);

    parse_good(&permit_schema_delete,
        "{\"amount\":7,\"reference_id\":\"a b\"}");
    assert_int_equal(permit_validate(&permit, &rules), 1);
    assert_int_equal(permit.code[PERMIT_REFERENCE_ID], PERMIT_INVALID_FORMAT);
    memory_end(&memory);

    parse_good(&permit_schema_delete, "{}");
    assert_int_equal(permit_validate(&permit, &rules), 1);
    assert_int_equal(permit.code[PERMIT_REFERENCE_ID], PERMIT_MISSING);
    assert_text(*permit_attributes_name(&permit, PERMIT_REFERENCE_ID),
                "referenceid");
    memory_end(&memory);

    parse_good(&permit_schema_push, "{\"referenceid\":7," NEEDED "}");
    assert_int_equal(permit_validate(&permit, &rules), 0);
    memory_end(&memory);
}


/* Everything that a lookup is refused for, and in which order. */

static void
test_lookup(void **state)
{
    size_t   i;
    unsigned refused;

    static const struct {
        const char   *body;
        permit_code_t reference_id;
        permit_code_t plate;
        permit_code_t zone;
        permit_code_t at;
    } cases[] = {
        { "{}", PERMIT_GOOD, PERMIT_MISSING, PERMIT_GOOD, PERMIT_GOOD },
        { "{\"plate\":\"\",\"referenceid\":null}",
            PERMIT_GOOD, PERMIT_MISSING, PERMIT_GOOD, PERMIT_GOOD },
        { "{\"LicencePlate\":\"ab 1\"}",
            PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD },
        { "{\"referenceID\":\"a-1\"}",
            PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD },
        { "{\"reference_id\":\"a-1\",\"plate\":\"ab 1\"}",
            PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD },
        { "{\"reference_id\":7}",
            PERMIT_INVALID_TYPE, PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD },
        { "{\"reference_id\":\"a b\",\"at\":\"now\"}",
            PERMIT_INVALID_FORMAT, PERMIT_GOOD, PERMIT_GOOD,
            PERMIT_INVALID_FORMAT },
        { "{\"zone\":\"" X200 "x\",\"at\":\"2018-02-30T00:00:00\"}",
            PERMIT_GOOD, PERMIT_MISSING, PERMIT_TOO_LONG,
            PERMIT_OUT_OF_RANGE },
        { "{\"plate\":\"A\",\"at\":7}",
            PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD, PERMIT_INVALID_TYPE },
        { "{\"plate\":\"A\",\"at\":\"2018-07-02T09:00:00+00:00\"}",
            PERMIT_GOOD, PERMIT_GOOD, PERMIT_GOOD, PERMIT_TOO_LONG },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        parse_good(&permit_schema_lookup, cases[i].body);
        refused = permit_validate(&permit, &rules);

        assert_int_equal(permit.code[PERMIT_REFERENCE_ID],
            cases[i].reference_id);
        assert_int_equal(permit.code[PERMIT_PLATE], cases[i].plate);
        assert_int_equal(permit.code[PERMIT_ZONE], cases[i].zone);
        assert_int_equal(permit.code[PERMIT_AT], cases[i].at);

        assert_int_equal(refused,
            (cases[i].reference_id != PERMIT_GOOD)
                + (cases[i].plate != PERMIT_GOOD)
                + (cases[i].zone != PERMIT_GOOD)
                + (cases[i].at != PERMIT_GOOD));

        memory_end(&memory);
    }

    assert_true(PERMIT_REFERENCE_ID == PERMIT_TOKEN + 1);
    assert_true(PERMIT_AT == PERMIT_ATTRIBUTES - 1);
}


static void
test_lookup_values(void **state)
{
    (void) state;

    /* what a lookup does not take is an unknown name */

    parse_good(&permit_schema_lookup,
        "{\"plate\":\"ab-1\",\"zone\":\" Lot 4 \",\"amount\":7,"
        "\"at\":\"2018-07-02T09:15:00\",\"startTime\":\"x\"}");
    assert_int_equal(permit_validate(&permit, &rules), 0);
    assert_text(permit.stored[PERMIT_PLATE][0], "AB1");
    assert_text(permit.stored[PERMIT_ZONE][0], "Lot 4");
    assert_text(permit.stored[PERMIT_AT][0], "2018-07-02T09:15:00Z");
    assert_text(permit.stored[PERMIT_AT][1], "1530522900");
    assert_int_equal(permit.at_ts, 1530522900);
    memory_end(&memory);

    /* a time of its own: neither start nor end */

    parse_good(&permit_schema_lookup,
        "{\"plate\":\"A\",\"at\":\" 1970-01-01T00:00:00Z\"}");
    assert_int_equal(permit_validate(&permit, &rules), 0);
    assert_text(permit.stored[PERMIT_AT][0], "1970-01-01T00:00:00Z");
    assert_int_equal(permit.at_ts, 0);
    memory_end(&memory);

    parse_good(&permit_schema_lookup, "{\"plate\":\"A\"}");
    assert_int_equal(permit_validate(&permit, &rules), 0);
    assert_int_equal(permit.stored[PERMIT_AT][0].len, 0);
    memory_end(&memory);

    parse_good(&permit_schema_push, "{\"at\":7," NEEDED "}");
    assert_int_equal(permit_validate(&permit, &rules), 0);
    assert_int_equal(permit.start_ts, 1530522000);
    assert_int_equal(permit.end_ts, 1530523800);
    assert_int_equal(permit.at_ts, 0);
    memory_end(&memory);

    parse_good(&permit_schema_push, "{\"startTime\":\"2018-07-02T09:00:00\"}");
    assert_int_equal(permit_validate(&permit, &rules), 2);
    assert_int_equal(permit.start_ts, 1530522000);
    assert_int_equal(permit.end_ts, 0);
    memory_end(&memory);

    parse_good(&permit_schema_update, "{\"endTime\":\"2018-07-02T09:00:00\"}");
    assert_int_equal(permit_validate(&permit, &rules), 1);
    assert_int_equal(permit.end_ts, 1530522000);
    assert_int_equal(permit.at_ts, 0);
    memory_end(&memory);
}


static void
test_fields(void **state)
{
    size_t         i, n;
    permit_field_t fields[PERMIT_FIELDS_MAX];

    static const char *expected[][2] = {
        { "amount", "14.50" },
        { "amount_cents", "1450" },
        { "currency", "CAD" },
        { "start", "2018-07-02T09:00:00Z" },
        { "start_ts", "1530522000" },
        { "end", "2018-07-02T09:30:00Z" },
        { "end_ts", "1530523800" },
        { "plate", "PL8RDR" },
        { "plate_raw", "pl8 rdr" },
        { "ticket", "L4-1138" },
        { "zone", "Lot 4" },
    };

    (void) state;

    parse_good(&permit_schema_push,
        "{\"apiToken\":\"x\",\"Amount\":\"14.50\",\"CurrencyID\":\"cad\","
        "\"LicencePlate\":\"pl8 rdr\",\"zone\":\"Lot 4\","
        "\"permitNo\":\"L4-1138\"," TIMES "}");
    assert_int_equal(permit_validate(&permit, &rules), 0);

    n = permit_fields(&permit, fields);
    assert_int_equal(n, COUNT(expected));

    for (i = 0; i < n; i++) {
        assert_text(fields[i].name, expected[i][0]);
        assert_text(fields[i].value, expected[i][1]);
        assert_true(fields[i].variant < PERMIT_MAX_FIELDS);
        assert_text(permit_attributes[fields[i].id].fields[fields[i].variant],
                    expected[i][0]);
    }

    memory_end(&memory);
}


/* Values of unknown names leave no trace, nor do nested ones. */

static void
test_no_trace(void **state)
{
    size_t   i;
    permit_t empty;

    static const char *bodies[] = {
        "{\"x\":\"A\"}", "{\"x\":7,\"y\":true}", "{\"x\":null}",
        "{\"x\":[\"A\",7,{\"plate\":\"A\"}],\"y\":\"A\"}",
        "{\"x\":{\"plate\":{\"zone\":7}},\"y\":7,\"z\":\"A\"}",
        "{\"x\":{},\"y\":[],\"z\":\"A\"}",
    };

    (void) state;

    /* permit is where it was before, so that pointers would be the same */

    parse_good(&permit_schema_push, "{}");
    memcpy(&empty, &permit, sizeof(permit_t));
    memory_end(&memory);

    for (i = 0; i < COUNT(bodies); i++) {
        parse_good(&permit_schema_push, bodies[i]);
        assert_memory_equal(&permit, &empty, sizeof(permit_t));
        memory_end(&memory);
    }

    /* a value that is nested does not count for the name before it */

    parse_good(&permit_schema_push,
        "{\"zone\":[\"A\"],\"x\":\"B\",\"permitNo\":{\"x\":1},\"y\":2}");
    assert_int_equal(permit.given[PERMIT_ZONE].text.len, 0);
    assert_true(permit.given[PERMIT_ZONE].wrong_type);
    assert_true(permit.given[PERMIT_TICKET].wrong_type);
    assert_false(permit.given[PERMIT_ZONE].conflicting);
    memory_end(&memory);
}


/* Values that fill permit->text to the last byte, and one byte more. */

static void
test_text_size(void **state)
{
    size_t   i, plain;
    char     body[512];
    unsigned extra;

    (void) state;

    parse_good(&permit_schema_push, "{}");
    plain = memory.nblocks;
    memory_end(&memory);

    for (extra = 0; extra < 2; extra++) {
        snprintf(body, sizeof(body), "{\"permitNo\":\"" X50 "\",\"zone\":\"");
        i = strlen(body);
        memset(body + i, 'z', PERMIT_TEXT_SIZE - 50 + extra);
        strcpy(body + i + PERMIT_TEXT_SIZE - 50 + extra, "\"}");

        parse_good(&permit_schema_push, body);
        assert_int_equal(memory.nblocks, plain + extra);
        assert_int_equal(permit.given[PERMIT_TICKET].text.len, 50);
        assert_int_equal(permit.given[PERMIT_ZONE].text.len,
                         PERMIT_TEXT_SIZE - 50 + extra);
        assert_int_equal(permit.text_used,
                         extra ? 50 : PERMIT_TEXT_SIZE);
        assert_memory_equal(permit.given[PERMIT_TICKET].text.data, X50, 50);
        memory_end(&memory);
    }
}


/* All that is derived from the values, as long as it can be, side by side. */

static void
test_scratch(void **state)
{
    size_t i;

    static const struct {
        permit_id_t id;
        const char *stored[2];
    } push[] = {
        { PERMIT_AMOUNT, { "999999.99", "99999999" } },
        { PERMIT_START, { "9999-12-31T23:59:58Z", "253402300798" } },
        { PERMIT_END, { "9999-12-31T23:59:59Z", "253402300799" } },
        { PERMIT_PLATE, { U5 U5 U5 U5 U5, U5 U5 U5 U5 U5 } },
    }, lookup[] = {
        { PERMIT_PLATE, { U5 U5 U5 U5 U5, U5 U5 U5 U5 U5 } },
        { PERMIT_AT, { "9999-12-31T23:59:59Z", "253402300799" } },
    };

    (void) state;

    parse_good(&permit_schema_push,
        "{\"amount\":\"999999.99\",\"plate\":\"" U5 U5 U5 U5 U5 "\","
        "\"startTime\":\"9999-12-31T23:59:58\","
        "\"endTime\":\"9999-12-31T23:59:59\"}");
    assert_int_equal(permit_validate(&permit, &rules), 0);

    for (i = 0; i < COUNT(push); i++) {
        assert_text(permit.stored[push[i].id][0], push[i].stored[0]);
        assert_text(permit.stored[push[i].id][1], push[i].stored[1]);
    }

    assert_int_equal(permit.scratch_used, 8 + 2 * (20 + 12) + 100);
    assert_in_range(permit.scratch_used, 1, sizeof(permit.scratch));
    memory_end(&memory);

    parse_good(&permit_schema_lookup,
        "{\"plate\":\"" U5 U5 U5 U5 U5 "\","
        "\"at\":\"9999-12-31T23:59:59\"}");
    assert_int_equal(permit_validate(&permit, &rules), 0);

    for (i = 0; i < COUNT(lookup); i++) {
        assert_text(permit.stored[lookup[i].id][0], lookup[i].stored[0]);
        assert_text(permit.stored[lookup[i].id][1], lookup[i].stored[1]);
    }

    assert_int_equal(permit.scratch_used, 20 + 12 + 100);
    memory_end(&memory);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_lookup_values),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_no_trace),
        cmocka_unit_test(test_text_size),
        cmocka_unit_test(test_scratch),
    };

    return cmocka_run_group_tests_name("permit schemas", tests, NULL, NULL);
}
