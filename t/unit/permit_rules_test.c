
/* The rules of single attributes at their limits, as tables. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "permit_schema.h"
#include "permit_validate.h"
#include "support.h"


static void
test_amount(void **state)
{
    static const case_t cases[] = {
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

    validate(cases, COUNT(cases), NEEDED);
}


static void
test_currency(void **state)
{
    static const case_t cases[] = {
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

    validate(cases, COUNT(cases), NEEDED);
}


static void
test_times(void **state)
{
    static const case_t cases[] = {
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
        { "\"endTime\":\"201:-01-01T00:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"201/-01-01T00:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01T00:00:0:\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01T0/:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018:01-01T00:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01:01T00:00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01T00-00:00\"", PERMIT_END,
            PERMIT_INVALID_FORMAT, NULL, NULL },
        { "\"endTime\":\"2018-01-01T00:00-00\"", PERMIT_END,
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

    validate(cases, COUNT(cases), "");
}


static void
test_end_after_start(void **state)
{
    static const case_t cases[] = {
        { "\"startTime\":\"2018-07-02T09:00:00\","
          "\"endTime\":\"2018-07-02T09:00:01Z\"",
            PERMIT_END, PERMIT_GOOD, NULL, NULL },
        { "\"startTime\":\"2018-07-02T09:00:00\","
          "\"endTime\":\"2018-07-02T09:00:00Z\"",
            PERMIT_END, PERMIT_END_NOT_AFTER_START, NULL, NULL },
        { "\"endTime\":\"2018-07-02T08:59:59\","
          "\"startTime\":\"2018-07-02T09:00:00Z\"",
            PERMIT_END, PERMIT_END_NOT_AFTER_START, NULL, NULL },
        { "\"startTime\":\"2018-07-32T09:00:00\","
          "\"endTime\":\"2018-07-02T09:00:00Z\"",
            PERMIT_END, PERMIT_GOOD, NULL, NULL },
        { "\"startTime\":\"1970-01-01T00:00:00\","
          "\"endTime\":\"1970-01-01T00:00:00Z\"",
            PERMIT_END, PERMIT_END_NOT_AFTER_START, NULL, NULL },
    };

    (void) state;

    validate(cases, COUNT(cases), "");
}


static void
test_plate(void **state)
{
    static const case_t cases[] = {
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
        { "\"plate\":\"\\u0001b\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"plate\":\"\\u000bb\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"plate\":\"b\\f\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"plate\":\"b\\u0000\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
            NULL },
        { "\"plate\":\"a\x7f\"", PERMIT_PLATE, PERMIT_INVALID_FORMAT, NULL,
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

    validate(cases, COUNT(cases), TIMES);
}


static void
test_text(void **state)
{
    static const case_t cases[] = {
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

    validate(cases, COUNT(cases), NEEDED);
}


/* Each byte of ASCII as a token and as a reference ID. */

static void
test_identifiers(void **state)
{
    int           c;
    char          body[64];
    permit_code_t code;

    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789-";

    (void) state;

    for (c = 0x21; c < 0x7f; c++) {

        if (c == '"' || c == '\\') {
            continue;
        }

        snprintf(body, sizeof(body),
                 "{\"apiToken\":\"a%c\",\"reference_id\":\"%ca\"}", c, c);

        parse_good(&permit_schema_delete, body);

        code = strchr(set, c) ? PERMIT_GOOD : PERMIT_INVALID_FORMAT;

        assert_int_equal(permit_validate_token(&permit), code);
        assert_int_equal(permit_validate(&permit, &rules),
                         code != PERMIT_GOOD);
        assert_int_equal(permit.code[PERMIT_REFERENCE_ID], code);

        memory_end(&memory);
    }
}


/* A list of one, at the end of its memory: of ten letters, and of two. */

static void
test_currency_lists(void **state)
{
    size_t          i;
    permit_text_t  *list;
    permit_rules_t  other;

    static const struct {
        const char   *known;
        const char   *body;
        permit_code_t code;
    } cases[] = {
        { "ABCDEFGHIJ", "{\"currency\":\"AbcdefghiJ\"}", PERMIT_GOOD },
        { "ABCDEFGHIJ", "{\"currency\":\"abcdefghiz\"}", PERMIT_UNSUPPORTED },
        { "ABCDEFGHIJ", "{\"currency\":\"ABCDEFGHI\"}", PERMIT_UNSUPPORTED },
        { "AZ", "{\"currency\":\"az\"}", PERMIT_GOOD },
        { "AZ", "{\"currency\":\"A\"}", PERMIT_UNSUPPORTED },
        { "AZ", "{\"currency\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
          "A\"}", PERMIT_UNSUPPORTED },
        { "A@", "{\"currency\":\"a`\"}", PERMIT_UNSUPPORTED },
        { "A[", "{\"currency\":\"a{\"}", PERMIT_UNSUPPORTED },
    };

    (void) state;

    for (i = 0; i < COUNT(cases); i++) {
        list = malloc(sizeof(permit_text_t));
        assert_non_null(list);

        list->data = cases[i].known;
        list->len = strlen(cases[i].known);

        other = rules;
        other.currencies = list;
        other.ncurrencies = 1;

        parse_good(&permit_schema_update, cases[i].body);
        (void) permit_validate(&permit, &other);
        assert_int_equal(permit.code[PERMIT_CURRENCY], cases[i].code);

        if (cases[i].code == PERMIT_GOOD) {
            assert_text(permit.stored[PERMIT_CURRENCY][0], cases[i].known);
        }

        memory_end(&memory);
        free(list);
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
        cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_currency_lists),
    };

    return cmocka_run_group_tests_name("permit rules", tests, NULL, NULL);
}
