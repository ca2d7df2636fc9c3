
/* See support.h. */


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


static const permit_text_t currencies[] = { PERMIT_TEXT("CAD"),
    PERMIT_TEXT("USD") };

permit_rules_t rules = {
    .currencies = currencies,
    .ncurrencies = 2,
    .currencies_text = "one of CAD, USD",
    .max_body = 16384,
};

memory_t        memory;
permit_memory_t interface;
permit_t        permit;


permit_parse_t
parse_as(const permit_schema_t *schema, const char *body, size_t len, size_t piece,
    size_t *offset)
{
    size_t           i, n;
    permit_parse_t   outcome;
    permit_parser_t *parser;

    interface = memory_start(&memory);
    parser = permit_parser_create(&permit, schema, &rules, &interface);
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


void
parse_good(const permit_schema_t *schema, const char *body)
{
    if (parse_as(schema, body, strlen(body), 0, NULL) != PERMIT_PARSE_OK) {
        fail_msg("not parsed: %s", body);
    }
}


void
assert_text(permit_text_t text, const char *expected)
{
    if (text.len != strlen(expected)
        || (text.len && memcmp(text.data, expected, text.len) != 0))
    {
        fail_msg(
            "\"%.*s\" is not \"%s\"", (int) text.len, text.data, expected);
    }
}


void
validate(const case_t *cases, size_t ncases, const char *needed)
{
    char   body[4096];
    size_t i;

    for (i = 0; i < ncases; i++) {
        snprintf(body, sizeof(body), "{%s%s%s}", needed, *needed ? "," : "",
            cases[i].body);

        parse_good(&permit_schema_push, body);
        permit_validate(&permit, &rules);

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
