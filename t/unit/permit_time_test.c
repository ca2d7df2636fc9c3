
/* The calendar and UUIDs. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "permit_time.h"
#include "permit_uuid.h"
#include "support.h"


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


/* Each day from 1970 to 9999 against a calendar that counts days. */

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
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_calendar),
    };

    return cmocka_run_group_tests_name("permit times and uuids", tests, NULL,
                                       NULL);
}
