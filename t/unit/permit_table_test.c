
/* The attribute table: names, limits and texts. */


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
#include "permit_code.h"
#include "permit_schema.h"
#include "permit_validate.h"
#include "support.h"


/* Every name of the table, from wherever the search starts. */

static void
test_find(void **state)
{
    unsigned             id, n, f, i;
    permit_id_t          expected;
    permit_text_t        name;
    permit_schema_t       *schema;
    const permit_text_t *found;

    static const permit_schema_t *schemas[] = { &permit_schema_push,
        &permit_schema_update, &permit_schema_delete, &permit_schema_lookup };
    static const char *unknown[] = { "", "a", "Plate", "platf", "plat",
        "plates", "amount_cents", "reference_iD", "aT" };

    (void) state;

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {
        assert_int_equal(permit_attributes[id].names[PERMIT_MAX_NAMES].len, 0);
        assert_int_equal(permit_attributes[id].fields[PERMIT_MAX_FIELDS].len,
                         0);
    }

    for (f = 0; f < COUNT(schemas); f++) {

        /* a list that ends where its memory does */

        schema = malloc(offsetof(permit_schema_t, need) + PERMIT_ATTRIBUTES);
        assert_non_null(schema);
        memcpy(schema, schemas[f],
               offsetof(permit_schema_t, need) + PERMIT_ATTRIBUTES);

        for (id = 0; id < PERMIT_ATTRIBUTES; id++) {

            for (n = 0; n < PERMIT_MAX_NAMES; n++) {
                name = permit_attributes[id].names[n];

                if (name.len == 0) {
                    break;
                }

                found = NULL;
                expected = schema->need[id] == PERMIT_NOT_TAKEN
                           ? PERMIT_NO_ATTRIBUTE : (permit_id_t) id;

                assert_int_equal(permit_attributes_find(schema, name, &found),
                                 expected);

                if (expected != PERMIT_NO_ATTRIBUTE) {
                    assert_ptr_equal(found,
                                     &permit_attributes[id].names[n]);
                }
            }
        }

        for (i = 0; i < COUNT(unknown); i++) {
            name.data = unknown[i];
            name.len = strlen(unknown[i]);

            assert_int_equal(permit_attributes_find(schema, name, &found),
                             PERMIT_NO_ATTRIBUTE);
        }

        free(schema);
    }
}


/* As docs/api.md has them: so many characters, and one more. */

static void
test_limits(void **state)
{
    char     body[600];
    size_t   len;
    unsigned id, more, refused;

    static const size_t limits[PERMIT_ATTRIBUTES] = {
        [PERMIT_TOKEN] = 50,
        [PERMIT_REFERENCE_ID] = 50,
        [PERMIT_AMOUNT] = 9,
        [PERMIT_CURRENCY] = 10,
        [PERMIT_START] = 20,
        [PERMIT_END] = 20,
        [PERMIT_PLATE] = 25,
        [PERMIT_TICKET] = 50,
        [PERMIT_ZONE] = 200,
        [PERMIT_AT] = 20,
    };

    static const permit_schema_t all = {
        .need = {
            [PERMIT_TOKEN] = PERMIT_OPTIONAL,
            [PERMIT_REFERENCE_ID] = PERMIT_OPTIONAL,
            [PERMIT_AMOUNT] = PERMIT_OPTIONAL,
            [PERMIT_CURRENCY] = PERMIT_OPTIONAL,
            [PERMIT_START] = PERMIT_OPTIONAL,
            [PERMIT_END] = PERMIT_OPTIONAL,
            [PERMIT_PLATE] = PERMIT_OPTIONAL,
            [PERMIT_TICKET] = PERMIT_OPTIONAL,
            [PERMIT_ZONE] = PERMIT_OPTIONAL,
            [PERMIT_AT] = PERMIT_OPTIONAL,
        },
    };

    (void) state;

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {

        for (more = 0; more < 2; more++) {
            len = (size_t) sprintf(body, "{\"%s\":\"",
                                   permit_attributes[id].names[0].data);
            memset(body + len, 'x', limits[id] + more);
            strcpy(body + len + limits[id] + more, "\"}");

            parse_good(&all, body);

            refused = permit_validate_token(&permit) != PERMIT_GOOD;
            refused += permit_validate(&permit, &rules);

            assert_int_equal(refused, permit.code[id] != PERMIT_GOOD);
            assert_int_equal(permit.code[id] == PERMIT_TOO_LONG, more);
            memory_end(&memory);
        }
    }
}


/* The sentences of error messages. */

static void
test_texts(void **state)
{
    unsigned i;

    static const char *texts[PERMIT_CODES][2] = {
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

    (void) state;

    for (i = 0; i < PERMIT_ATTRIBUTES; i++) {
        assert_non_null(permit_attributes_accepts(i, &rules));
        assert_int_equal(permit_attributes_accepts(i, &rules)
                         == rules.currencies_text, i == PERMIT_CURRENCY);
        assert_true(strlen(permit_attributes[i].canonical) > 0);
    }

    assert_non_null(strstr(permit_attributes_accepts(PERMIT_AT, &rules),
                           "09:15:00"));

    for (i = 0; i < PERMIT_CODES; i++) {
        assert_string_equal(permit_code_name(i), texts[i][0]);
        assert_string_equal(permit_code_phrase(i), texts[i][1]);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests_name("permit table", tests, NULL, NULL);
}
