
/* Every rule of the permit room at its edges, as tables. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "permit_guard.h"
#include "permit_parser.h"
#include "permit_time.h"
#include "permit_uuid.h"


#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define TIMES                                                                 \
    "\"startTime\":\"2018-07-02T09:00:00\",\"endTime\":\"2018-07-02T09:30:00\""
#define NEEDED "\"plate\":\"PL8RDR\"," TIMES

#define X10  "xxxxxxxxxx"
#define X50  X10 X10 X10 X10 X10
#define X200 X50 X50 X50 X50

/* a character of two bytes, and one of four */

#define E5 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define U5                                                                    \
    "\xf0\x9f\x9a\x97\xf0\x9f\x9a\x97\xf0\x9f\x9a\x97\xf0\x9f\x9a\x97"        \
    "\xf0\x9f\x9a\x97"


typedef struct {
    const char   *body; /* of an object that has all that is needed */
    permit_id_t   id;
    permit_code_t code;
    const char   *stored;
    const char   *stored_too;
} judged_t;


typedef struct {
    const char    *body;
    size_t         len; /* 0: strlen() */
    permit_parse_t outcome;
    size_t         offset;
} parsed_t;


static const permit_text_t currencies[] = { PERMIT_TEXT("CAD"),
    PERMIT_TEXT("USD") };

static permit_rules_t rules = {
    .currencies = currencies,
    .ncurrencies = 2,
    .currencies_text = "one of CAD, USD",
    .max_body = 16384,
};

static memory_t        memory;
static permit_memory_t interface;
static permit_t        permit;


static permit_parse_t
parse_as(const permit_form_t *form, const char *body, size_t len, size_t piece,
    size_t *offset)
{
    size_t           i, n;
    permit_parse_t   outcome;
    permit_parser_t *parser;

    interface = memory_start(&memory);
    parser = permit_parser_create(&permit, form, &rules, &interface);
    assert_non_null(parser);

    for (i = 0; i < len; i += n) {
        n = piece && piece < len - i ? piece : len - i;

        if (permit_parser_feed(parser, body + i, n) != PERMIT_PARSE_OK) {
            break;
        }
    }

    outcome = permit_parser_finish(parser);

    if (offset) {
        *offset = permit_parser_offset(parser);
    }

    return outcome;
}


static void
parse_good(const permit_form_t *form, const char *body)
{
    if (parse_as(form, body, strlen(body), 0, NULL) != PERMIT_PARSE_OK) {
        fail_msg("not parsed: %s", body);
    }
}


static void
assert_text(permit_text_t text, const char *expected)
{
    if (text.len != strlen(expected)
        || (text.len && memcmp(text.data, expected, text.len) != 0))
    {
        fail_msg(
            "\"%.*s\" is not \"%s\"", (int) text.len, text.data, expected);
    }
}


static void
judge(const judged_t *cases, size_t ncases, const char *needed)
{
    char   body[4096];
    size_t i;

    for (i = 0; i < ncases; i++) {
        snprintf(body, sizeof(body), "{%s%s%s}", needed, *needed ? "," : "",
            cases[i].body);

        parse_good(&permit_form_push, body);
        permit_judge(&permit, &rules);

        if (permit.code[cases[i].id] != cases[i].code) {
            fail_msg("%s: %s is \"%s\" and not \"%s\"", body,
                permit_attributes[cases[i].id].canonical,
                permit_code_name(permit.code[cases[i].id]),
                permit_code_name(cases[i].code));
        }

        if (cases[i].stored) {
            assert_text(permit.stored[cases[i].id][0], cases[i].stored);
        }

        if (cases[i].stored_too) {
            assert_text(permit.stored[cases[i].id][1], cases[i].stored_too);
        }

        memory_end(&memory);
    }
}


static void
test_amount(void **state)
{
    static const judged_t cases[] = {
        { "\"amount\":\"14.50\"", PERMIT_AMOUNT, PERMIT_GOOD, "14.50",
            "1450" },
        { "\"Amount\":\"14.50\"", PERMIT_AMOUNT, PERMIT_GOOD, "14.50",
            "1450" },
        { "\"amount\":\"0.01\"", PERMIT_AMOUNT, PERMIT_GOOD, "0.01", "1" },
        { "\"amount\":\"007.05\"", PERMIT_AMOUNT, PERMIT_GOOD, "7.05", "705" },
        { "\"amount\":\"000000.50\"", PERMIT_AMOUNT, PERMIT_GOOD, "0.50",
            "50" },
        { "\"amount\":\"999999.99\"", PERMIT_AMOUNT, PERMIT_GOOD, "999999.99",
            "99999999" },
        { "\"amount\":\" \\t14.50\\r\\n\"", PERMIT_AMOUNT, PERMIT_GOOD,
            "14.50", "1450" },
        { "\"amount\":\"0.00\"", PERMIT_AMOUNT, PERMIT_OUT_OF_RANGE, NULL,
            NULL },
        { "\"amount\":\"000000.00\"", PERMIT_AMOUNT, PERMIT_OUT_OF_RANGE, NULL,
            NULL },
        { "\"amount\":\"1000000.00\"", PERMIT_AMOUNT, PERMIT_TOO_LONG, NULL,
            NULL },
        { "\"amount\":\"0000000.01\"", PERMIT_AMOUNT, PERMIT_TOO_LONG, NULL,
            NULL },
        { "\"amount\":\".50\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"1.5\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"1.500\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"1\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"1,50\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"-1.50\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"+1.50\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"1e2.00\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"1 2.00\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"amount\":\"\xc3\xa9.00\"", PERMIT_AMOUNT, PERMIT_INVALID_FORMAT,
            NULL, NULL },
        { "\"amount\":14.50", PERMIT_AMOUNT, PERMIT_INVALID_TYPE, NULL, NULL },
        { "\"amount\":true", PERMIT_AMOUNT, PERMIT_INVALID_TYPE, NULL, NULL },
        { "\"amount\":[\"1.00\"]", PERMIT_AMOUNT, PERMIT_INVALID_TYPE, NULL,
            NULL },
        { "\"amount\":{\"amount\":\"1.00\"}", PERMIT_AMOUNT,
            PERMIT_INVALID_TYPE, NULL, NULL },
        { "\"amount\":null", PERMIT_AMOUNT, PERMIT_GOOD, "", NULL },
        { "\"amount\":\"\"", PERMIT_AMOUNT, PERMIT_GOOD, "", NULL },
        { "\"amount\":\" \\t \"", PERMIT_AMOUNT, PERMIT_GOOD, "", NULL },
    };

    (void) state;

    judge(cases, COUNT(cases), NEEDED);
}


static void
test_currency(void **state)
{
    static const judged_t cases[] = {
        { "\"currency\":\"CAD\"", PERMIT_CURRENCY, PERMIT_GOOD, "CAD", NULL },
        { "\"CurrencyID\":\"usd\"", PERMIT_CURRENCY, PERMIT_GOOD, "USD",
            NULL },
        { "\"CurrencyID\":\" cAd \"", PERMIT_CURRENCY, PERMIT_GOOD, "CAD",
            NULL },
        { "\"currency\":\"EUR\"", PERMIT_CURRENCY, PERMIT_UNSUPPORTED, NULL,
            NULL },
        { "\"currency\":\"CA\"", PERMIT_CURRENCY, PERMIT_UNSUPPORTED, NULL,
            NULL },
        { "\"currency\":\"CADS\"", PERMIT_CURRENCY, PERMIT_UNSUPPORTED, NULL,
            NULL },
        { "\"currency\":\"C AD\"", PERMIT_CURRENCY, PERMIT_UNSUPPORTED, NULL,
            NULL },
        { "\"currency\":\"CADCADCADC\"", PERMIT_CURRENCY, PERMIT_UNSUPPORTED,
            NULL, NULL },
        { "\"currency\":\"CADCADCADCA\"", PERMIT_CURRENCY, PERMIT_TOO_LONG,
            NULL, NULL },
        { "\"currency\":\"" U5 U5 "\"", PERMIT_CURRENCY, PERMIT_UNSUPPORTED,
            NULL, NULL },
        { "\"currency\":\"C\\tD\"", PERMIT_CURRENCY, PERMIT_INVALID_FORMAT,
            NULL, NULL },
        { "\"currency\":124", PERMIT_CURRENCY, PERMIT_INVALID_TYPE, NULL,
            NULL },
    };

    (void) state;

    judge(cases, COUNT(cases), NEEDED);
}


static void
test_times(void **state)
{
    static const judged_t cases[] = {
        { "\"startTime\":\"2018-07-02T09:00:00\"", PERMIT_START, PERMIT_GOOD,
            "2018-07-02T09:00:00Z", "1530522000" },
        { "\"StartDateUtc\":\"2018-07-02T09:00:00Z\"", PERMIT_START,
            PERMIT_GOOD, "2018-07-02T09:00:00Z", "1530522000" },
        { "\"startTime\":\"1970-01-01T00:00:00\"", PERMIT_START, PERMIT_GOOD,
            "1970-01-01T00:00:00Z", "0" },
        { "\"endTime\":\"9999-12-31T23:59:59Z\"", PERMIT_END, PERMIT_GOOD,
            "9999-12-31T23:59:59Z", "253402300799" },
        { "\"EndDateUtc\":\"2000-02-29T12:00:00\"", PERMIT_END, PERMIT_GOOD,
            "2000-02-29T12:00:00Z", "951825600" },
        { "\"endTime\":\"2100-02-28T00:00:00\"", PERMIT_END, PERMIT_GOOD, NULL,
            "4107456000" },
        { "\"endTime\":\"1969-12-31T23:59:59\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"0000-01-01T00:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2100-02-29T00:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-02-29T00:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-04-31T00:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-13-01T00:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-00-01T00:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-01-00T00:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-01-01T24:00:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-01-01T23:60:00\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2016-12-31T23:59:60\"", PERMIT_END,
            PERMIT_OUT_OF_RANGE, NULL, NULL },
        { "\"endTime\":\"2018-01-01 00:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01t00:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01T00:00:00z\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01T00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-1-01T00:00:000\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"+018-01-01T00:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01T00:00:00+00:00\"", PERMIT_END,
            PERMIT_TOO_LONG, NULL, NULL },
        { "\"endTime\":\"2018-01-01T00:00:00.0Z\"", PERMIT_END,
            PERMIT_TOO_LONG, NULL, NULL },
        { "\"endTime\":\"\"", PERMIT_END, PERMIT_MISSING, NULL, NULL },
        { "\"endTime\":null", PERMIT_END, PERMIT_MISSING, NULL, NULL },
        { "\"endTime\":1530522000", PERMIT_END, PERMIT_INVALID_TYPE, NULL,
            NULL },
        { "\"x\":1", PERMIT_END, PERMIT_MISSING, NULL, NULL },
        { "\"x\":1", PERMIT_START, PERMIT_MISSING, NULL, NULL },
    };

    (void) state;

    judge(cases, COUNT(cases), "");
}


static void
test_end_after_start(void **state)
{
    static const judged_t cases[] = {
        { "\"startTime\":\"2018-07-02T09:00:00\",\"endTime\":\"2018-07-02T09:00:01Z\"",
            PERMIT_END, PERMIT_GOOD, NULL, NULL },
        { "\"startTime\":\"2018-07-02T09:00:00\",\"endTime\":\"2018-07-02T09:00:00Z\"",
            PERMIT_END, PERMIT_END_NOT_AFTER_START, NULL, NULL },
        { "\"endTime\":\"2018-07-02T08:59:59\",\"startTime\":\"2018-07-02T09:00:00Z\"",
            PERMIT_END, PERMIT_END_NOT_AFTER_START, NULL, NULL },
        { "\"startTime\":\"2018-07-32T09:00:00\",\"endTime\":\"2018-07-02T09:00:00Z\"",
            PERMIT_END, PERMIT_GOOD, NULL, NULL },
        { "\"startTime\":\"1970-01-01T00:00:00\",\"endTime\":\"1970-01-01T00:00:00Z\"",
            PERMIT_END, PERMIT_END_NOT_AFTER_START, NULL, NULL },
    };

    (void) state;

    judge(cases, COUNT(cases), "");
}


static void
test_plate(void **state)
{
    static const judged_t cases[] = {
        { "\"plate\":\"PL8RDR\"", PERMIT_PLATE, PERMIT_GOOD, "PL8RDR",
            "PL8RDR" },
        { "\"LicencePlate\":\" pl8-rd r \"", PERMIT_PLATE, PERMIT_GOOD,
            "PL8RDR", "pl8-rd r" },
        { "\"plate\":\"\xc3\xa9 1\"", PERMIT_PLATE, PERMIT_GOOD,
            "\xc3\xa9"
            "1",
            "\xc3\xa9 1" },
        { "\"plate\":\"" E5 E5 E5 E5 E5 "\"", PERMIT_PLATE, PERMIT_GOOD,
            E5 E5 E5 E5              E5, NULL },
        { "\"plate\":\"" U5 U5 U5 U5 U5 "\"", PERMIT_PLATE, PERMIT_GOOD,
            U5 U5 U5 U5              U5, NULL },
        { "\"plate\":\"" U5 U5 U5 U5 U5 "x\"", PERMIT_PLATE, PERMIT_TOO_LONG,
            NULL, NULL },
        { "\"plate\":\"" X10 X10 "xxxxx\"", PERMIT_PLATE, PERMIT_GOOD, NULL,
            NULL },
        { "\"plate\":\"" X10 X10 "xxxxxx\"", PERMIT_PLATE, PERMIT_TOO_LONG,
            NULL, NULL },
        { "\"plate\":\"          " X10 "               \"", PERMIT_PLATE,
            PERMIT_GOOD, "XXXXXXXXXX", X10 },
        { "\"plate\":\"- -\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"plate\":\"a\\u0000b\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"plate\":\"a\\u001fb\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"plate\":\"a\x7f"
          "b\"",
            PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"plate\":\"a\\u0080b\"", PERMIT_PLATE, PERMIT_GOOD,
            "A\xc2\x80"
            "B",
            NULL },
        { "\"plate\":\"\\u0020\\u00a0\"", PERMIT_PLATE, PERMIT_GOOD,
            "\xc2\xa0", NULL },
        { "\"plate\":\"\\ud83d\\ude97\"", PERMIT_PLATE, PERMIT_GOOD,
            "\xf0\x9f\x9a\x97", NULL },
        { "\"pl\\u0061te\":\"A\"", PERMIT_PLATE, PERMIT_GOOD, "A", NULL },
        { "\"plate\\u0000\":\"A\"", PERMIT_PLATE, PERMIT_MISSING, NULL, NULL },
        { "\"Plate\":\"A\"", PERMIT_PLATE, PERMIT_MISSING, NULL, NULL },
        { "\"licencePlate\":\"A\"", PERMIT_PLATE, PERMIT_MISSING, NULL, NULL },
        { "\"x\":{\"plate\":\"A\"}", PERMIT_PLATE, PERMIT_MISSING, NULL,
            NULL },
        { "\"x\":[{\"plate\":\"A\"}],\"y\":[\"plate\",\"A\"]", PERMIT_PLATE,
            PERMIT_MISSING, NULL, NULL },
        { "\"plate\":\"\"", PERMIT_PLATE, PERMIT_MISSING, NULL, NULL },
        { "\"plate\":\" \\n\"", PERMIT_PLATE, PERMIT_MISSING, NULL, NULL },
        { "\"plate\":8", PERMIT_PLATE, PERMIT_INVALID_TYPE, NULL, NULL },
        { "\"plate\":false", PERMIT_PLATE, PERMIT_INVALID_TYPE, NULL, NULL },
    };

    (void) state;

    judge(cases, COUNT(cases), TIMES);
}


static void
test_text(void **state)
{
    static const judged_t cases[] = {
        { "\"permitNo\":\" L4-1138 \"", PERMIT_TICKET, PERMIT_GOOD, "L4-1138",
            NULL },
        { "\"TicketNumber\":\"" X50 "\"", PERMIT_TICKET, PERMIT_GOOD, X50,
            NULL },
        { "\"TicketNumber\":\"" X50 "x\"", PERMIT_TICKET, PERMIT_TOO_LONG,
            NULL, NULL },
        { "\"permitNo\":\"a\\nb\"", PERMIT_TICKET, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"zone\":\"Lot 4\"", PERMIT_ZONE, PERMIT_GOOD, "Lot 4", NULL },
        { "\"ParkingZoneName\":\"" X200 "\"", PERMIT_ZONE, PERMIT_GOOD, X200,
            NULL },
        { "\"zone\":\"" X200 "x\"", PERMIT_ZONE, PERMIT_TOO_LONG, NULL, NULL },
        { "\"zone\":\"" X200 "x\\u0001\"", PERMIT_ZONE, PERMIT_TOO_LONG, NULL,
            NULL },
        { "\"zone\":\"\\\"\\\\\\/\xe2\x82\xac\"", PERMIT_ZONE, PERMIT_GOOD,
            "\"\\/\xe2\x82\xac", NULL },
        { "\"zone\":{}", PERMIT_ZONE, PERMIT_INVALID_TYPE, NULL, NULL },
    };

    (void) state;

    judge(cases, COUNT(cases), NEEDED);
}


static void
test_duplicates(void **state)
{
    static const judged_t cases[] = {
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

    judge(cases, COUNT(cases), NEEDED);
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
        parse_good(&permit_form_push, cases[i].body);
        assert_int_equal(permit_judge_token(&permit), cases[i].code);
        memory_end(&memory);
    }
}


static void
test_names(void **state)
{
    (void) state;

    parse_good(&permit_form_push,
        "{\"EndDateUtc\":\"\",\"endTime\":7,"
        "\"LicencePlate\":null,\"x\":1}");
    assert_int_equal(permit_judge(&permit, &rules), 3);

    assert_text(*permit_name(&permit, PERMIT_END), "EndDateUtc");
    assert_text(*permit_name(&permit, PERMIT_START), "startTime");
    assert_text(*permit_name(&permit, PERMIT_PLATE), "LicencePlate");

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

    parse_good(&permit_form_update,
        "{\"referenceID\":\"a-1\",\"zone\":7,"
        "\"startTime\":\"x\",\"amount\":\"1.00\"}");
    assert_int_equal(permit_judge(&permit, &rules), 0);
    assert_text(permit.stored[PERMIT_REFERENCE_ID][0], "a-1");
    assert_text(permit.stored[PERMIT_AMOUNT][1], "100");
    memory_end(&memory);

    parse_good(&permit_form_delete, "{\"amount\":7,\"reference_id\":\"a b\"}");
    assert_int_equal(permit_judge(&permit, &rules), 1);
    assert_int_equal(permit.code[PERMIT_REFERENCE_ID], PERMIT_INVALID_FORMAT);
    memory_end(&memory);

    parse_good(&permit_form_delete, "{}");
    assert_int_equal(permit_judge(&permit, &rules), 1);
    assert_int_equal(permit.code[PERMIT_REFERENCE_ID], PERMIT_MISSING);
    assert_text(*permit_name(&permit, PERMIT_REFERENCE_ID), "referenceid");
    memory_end(&memory);

    parse_good(&permit_form_push, "{\"referenceid\":7," NEEDED "}");
    assert_int_equal(permit_judge(&permit, &rules), 0);
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
        parse_good(&permit_form_lookup, cases[i].body);
        refused = permit_judge(&permit, &rules);

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

    parse_good(&permit_form_lookup,
        "{\"plate\":\"ab-1\",\"zone\":\" Lot 4 \",\"amount\":7,"
        "\"at\":\"2018-07-02T09:15:00\",\"startTime\":\"x\"}");
    assert_int_equal(permit_judge(&permit, &rules), 0);
    assert_text(permit.stored[PERMIT_PLATE][0], "AB1");
    assert_text(permit.stored[PERMIT_ZONE][0], "Lot 4");
    assert_text(permit.stored[PERMIT_AT][0], "2018-07-02T09:15:00Z");
    assert_text(permit.stored[PERMIT_AT][1], "1530522900");
    assert_int_equal(permit.at_ts, 1530522900);
    memory_end(&memory);

    /* a time of its own: neither start nor end */

    parse_good(&permit_form_lookup,
        "{\"plate\":\"A\",\"at\":\" 1970-01-01T00:00:00Z\"}");
    assert_int_equal(permit_judge(&permit, &rules), 0);
    assert_text(permit.stored[PERMIT_AT][0], "1970-01-01T00:00:00Z");
    assert_int_equal(permit.at_ts, 0);
    memory_end(&memory);

    parse_good(&permit_form_lookup, "{\"plate\":\"A\"}");
    assert_int_equal(permit_judge(&permit, &rules), 0);
    assert_int_equal(permit.stored[PERMIT_AT][0].len, 0);
    memory_end(&memory);

    parse_good(&permit_form_push, "{\"at\":7," NEEDED "}");
    assert_int_equal(permit_judge(&permit, &rules), 0);
    assert_int_equal(permit.start_ts, 1530522000);
    assert_int_equal(permit.end_ts, 1530523800);
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

    parse_good(&permit_form_push,
        "{\"apiToken\":\"x\",\"Amount\":\"14.50\",\"CurrencyID\":\"cad\","
        "\"LicencePlate\":\"pl8 rdr\",\"zone\":\"Lot 4\","
        "\"permitNo\":\"L4-1138\"," TIMES "}");
    assert_int_equal(permit_judge(&permit, &rules), 0);

    n = permit_fields(&permit, fields);
    assert_int_equal(n, COUNT(expected));

    for (i = 0; i < n; i++) {
        assert_text(fields[i].name, expected[i][0]);
        assert_text(fields[i].value, expected[i][1]);
    }

    memory_end(&memory);
}


#define DEEP32_OPEN  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define DEEP32_CLOSE "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

static void
test_syntax(void **state)
{
    size_t         i, piece, len, offset;
    permit_parse_t outcome;

    static const parsed_t cases[] = {
        { "{}", 0, PERMIT_PARSE_OK, 0 },
        { " \t\r\n{ } \n", 0, PERMIT_PARSE_OK, 0 },
        { "\xef\xbb\xbf{}", 0, PERMIT_PARSE_OK, 0 },
        { "\xef\xbb\xbf {}", 0, PERMIT_PARSE_OK, 0 },
        { "{\"a\":" DEEP32_OPEN DEEP32_CLOSE "}", 0, PERMIT_PARSE_OK, 0 },
        { "{\"a\":-0.0e-1,\"b\":1E+5,\"c\":123456789012345678901234567890}", 0,
            PERMIT_PARSE_OK, 0 },
        { "", 0, PERMIT_PARSE_MALFORMED, 0 },
        { "\xef\xbb\xbf", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "\xef\xbb{}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}\xef\xbb\xbf", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\"a\"", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "{\"a\":1", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":1,}", 0, PERMIT_PARSE_MALFORMED, 8 },
        { "{} x", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "{}{}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}\"abc", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}tru", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{},", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{}\0", 3, PERMIT_PARSE_MALFORMED, 2 },
        { "{\"a\":01}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":.5}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":NaN}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{'a':1}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{a:1}", 0, PERMIT_PARSE_MALFORMED, 2 },
        { "{/**/}", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\v}", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\f}", 0, PERMIT_PARSE_MALFORMED, 1 },
        { "{\"a\":\"\n\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\x01\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\\x\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\\u12g4\"}", 0, PERMIT_PARSE_MALFORMED, 10 },
        { "{\"a\":\"\\ud800\"}", 0, PERMIT_PARSE_MALFORMED, 12 },
        { "{\"a\":\"\\udc00\"}", 0, PERMIT_PARSE_MALFORMED, 11 },
        { "{\"a\":\"\\ud800\\u0041\"}", 0, PERMIT_PARSE_MALFORMED, 17 },
        { "{\"a\":\"\\ud800\\n\"}", 0, PERMIT_PARSE_MALFORMED, 13 },
        { "{\"a\":\"\\ud800\\ud800\"}", 0, PERMIT_PARSE_MALFORMED, 17 },
        { "{\"a\":\"\x80\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\xc0\x80\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\xc3(\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xe0\x9f\xbf\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xed\xa0\x80\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xf0\x8f\xbf\xbf\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xf4\x90\x80\x80\"}", 0, PERMIT_PARSE_MALFORMED, 7 },
        { "{\"a\":\"\xf5\x80\x80\x80\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":\"\xff\"}", 0, PERMIT_PARSE_MALFORMED, 6 },
        { "{\"a\":" DEEP32_OPEN "[]" DEEP32_CLOSE "}", 0,
            PERMIT_PARSE_MALFORMED, 37 },
        { "[" DEEP32_OPEN "[", 0, PERMIT_PARSE_MALFORMED, 33 },
        { "[]", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "[1,{\"apiToken\":\"x\"}] ", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "null", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "true", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "12", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "-1.5e3 ", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "\"{}\"", 0, PERMIT_PARSE_NOT_AN_OBJECT, 0 },
        { "12 3", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "\"a\" b", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "[1,2", 0, PERMIT_PARSE_MALFORMED, 4 },
        { "tru", 0, PERMIT_PARSE_MALFORMED, 3 },
        { "-", 0, PERMIT_PARSE_MALFORMED, 1 },
    };

    (void) state;

    /* yajl's offset is that of the whole: a split may move it by a token */

    for (i = 0; i < COUNT(cases); i++) {
        len = cases[i].len ? cases[i].len : strlen(cases[i].body);

        for (piece = 0; piece < 4; piece++) {
            outcome = parse_as(
                &permit_form_push, cases[i].body, len, piece, &offset);

            if (outcome != cases[i].outcome
                || (outcome == PERMIT_PARSE_MALFORMED && piece == 0
                    && offset != cases[i].offset))
            {
                fail_msg("%s in pieces of %zu: %d at %zu, not %d at %zu",
                    cases[i].body, piece, outcome, offset, cases[i].outcome,
                    cases[i].offset);
            }

            memory_end(&memory);
        }
    }
}


/* {"a":"xxx..."} or {"a":111...} of a token of len bytes. */

static char *
long_token(size_t len, bool string, size_t *size)
{
    char *body;

    body = malloc(len + 16);
    assert_non_null(body);

    *size = (size_t) sprintf(body, "{\"a\":%s", string ? "\"" : "");
    memset(body + *size, string ? 'x' : '1', len);
    *size += len;
    *size += (size_t) sprintf(body + *size, "%s}", string ? "\"" : "");

    return body;
}


static void
test_long_token(void **state)
{
    char          *body;
    size_t         i, len, piece;
    permit_parse_t outcome;

    static const size_t pieces[] = { 0, 999, 65536 };

    (void) state;

    rules.max_body = 1000000;

    for (len = PERMIT_MAX_TOKEN - 1; len <= PERMIT_MAX_TOKEN + 2; len++) {

        for (i = 0; i < 2 * COUNT(pieces); i++) {
            body = long_token(len, i & 1, &piece);
            outcome = parse_as(
                &permit_form_push, body, piece, pieces[i / 2], NULL);

            assert_int_equal(outcome,
                len <= PERMIT_MAX_TOKEN ? PERMIT_PARSE_OK
                                        : PERMIT_PARSE_TOO_LARGE);

            memory_end(&memory);
            free(body);
        }
    }

    rules.max_body = 16384;
}


static void
test_large_body(void **state)
{
    static char body[200];

    (void) state;

    memset(body, ' ', sizeof(body));
    memcpy(body, "{}", 2);

    rules.max_body = 100;

    assert_int_equal(
        parse_as(&permit_form_push, body, 100, 7, NULL), PERMIT_PARSE_OK);
    memory_end(&memory);

    assert_int_equal(parse_as(&permit_form_push, body, 101, 0, NULL),
        PERMIT_PARSE_TOO_LARGE);
    memory_end(&memory);

    /* what is wrong before the bound is told first */

    body[99] = 'x';
    assert_int_equal(parse_as(&permit_form_push, body, 200, 0, NULL),
        PERMIT_PARSE_MALFORMED);
    memory_end(&memory);

    rules.max_body = 0;
    body[99] = ' ';
    assert_int_equal(
        parse_as(&permit_form_push, body, 200, 0, NULL), PERMIT_PARSE_OK);
    memory_end(&memory);

    rules.max_body = 16384;
}


static void
test_no_memory(void **state)
{
    size_t           fail_at;
    permit_parse_t   outcome;
    permit_parser_t *parser;

    static const char body[] = "{\"zone\":\"\\u0041" X200 X200
                               "\",\"b\":[1,2] }";

    (void) state;

    for (fail_at = 1;; fail_at++) {
        interface = memory_start(&memory);
        memory.fail_at = fail_at;
        outcome = PERMIT_PARSE_NO_MEMORY;

        parser = permit_parser_create(
            &permit, &permit_form_push, &rules, &interface);
        if (parser) {
            (void) permit_parser_feed(parser, body, 20);
            (void) permit_parser_feed(parser, body + 20, sizeof(body) - 21);
            outcome = permit_parser_finish(parser);
        }

        memory_end(&memory);

        if (outcome == PERMIT_PARSE_OK) {
            break;
        }

        assert_int_equal(outcome, PERMIT_PARSE_NO_MEMORY);
    }

    /* the parser with yajl's parts, its two buffers and the long value */

    assert_in_range(fail_at, 5, 30);
}


static void
test_uuid(void **state)
{
    char    text[PERMIT_UUID_LEN + 1];
    uint8_t bytes[PERMIT_UUID_BYTES];

    (void) state;

    text[PERMIT_UUID_LEN] = '\0';

    memset(bytes, 0, sizeof(bytes));
    permit_uuid_format(text, bytes);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");

    memset(bytes, 0xff, sizeof(bytes));
    permit_uuid_format(text, bytes);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");

    memcpy(bytes,
        "\x1a\x9b\x53\x75\xcb\x75\x0c\x71\x19\x39\xee\xae\x55\x0b\x09"
        "\xac",
        16);
    permit_uuid_format(text, bytes);
    assert_string_equal(text, "1a9b5375-cb75-4c71-9939-eeae550b09ac");
}


/* Each day from 1970 to 9999 against a calendar that counts on. */

static void
test_calendar(void **state)
{
    char          text[32];
    int64_t       expected, seconds;
    unsigned      year, month, day, days;
    permit_text_t moment;

    static const unsigned lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
        30, 31 };

    (void) state;

    expected = 0;

    for (year = 1970; year <= 9999; year++) {

        for (month = 1; month <= 12; month++) {
            days = lengths[month - 1];

            if (month == 2
                && (year % 400 == 0 || (year % 100 != 0 && year % 4 == 0))) {
                days = 29;
            }

            for (day = 1; day <= days + 1; day++) {
                snprintf(text, sizeof(text), "%04u-%02u-%02uT01:02:03", year,
                    month, day);

                moment.data = text;
                moment.len = 19;

                if (day > days) {
                    assert_int_equal(permit_time_parse(moment, &seconds),
                        PERMIT_OUT_OF_RANGE);
                    break;
                }

                assert_int_equal(
                    permit_time_parse(moment, &seconds), PERMIT_GOOD);
                assert_int_equal(seconds, expected + 3723);

                expected += 86400;
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amount),
        cmocka_unit_test(test_currency),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_end_after_start),
        cmocka_unit_test(test_plate),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_lookup_values),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_long_token),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_calendar),
    };

    return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
