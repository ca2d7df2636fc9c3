
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "memory.h"
#include "permit_attributes.h"
#include "permit_code.h"
#include "permit_schema.h"
#include "permit_validate.h"
#include "reference.h"


static const permit_text_t currencies[] = { PERMIT_TEXT("CAD"),
    PERMIT_TEXT("USD") };


static const permit_schema_t *
schema_of(const char *name)
{
    switch (name[0]) {

    case 'p':
        return &permit_schema_push;

    case 'u':
        return &permit_schema_update;

    case 'l':
        return &permit_schema_lookup;

    default:
        return &permit_schema_delete;
    }
}


static permit_parse_t
parse(permit_t *permit, const char *schema, permit_rules_t *rules,
    permit_memory_t *memory, const uint8_t *body, size_t len, uint64_t seed)
{
    char            *piece;
    size_t           i, n;
    permit_parse_t   outcome;
    permit_parser_t *parser;

    parser = permit_parser_create(permit, schema_of(schema), rules, memory);

    for (i = 0; i < len; i += n) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        n = 1 + (size_t) ((seed >> 33) % ((seed >> 60) ? 7 : 200));

        if (n > len - i || (seed | 1) == 1442695040888963407u) {
            n = len - i;
        }

        /* a copy that is freed immediately: nothing may point into a piece */

        piece = malloc(n);
        memcpy(piece, body + i, n);
        outcome = permit_parser_feed(parser, piece, n);
        free(piece);

        if (outcome != PERMIT_PARSE_OK) {
            break;
        }
    }

    return permit_parser_finish(parser);
}


static unsigned
differs(const permit_t *permit, const reference_t *reference, int id,
    int variant)
{
    permit_text_t text;
    const char   *expected;

    text = permit->stored[id][variant];
    expected = reference->stored[id][variant];

    if (permit->code[id] != PERMIT_GOOD || id == PERMIT_TOKEN
        || id == PERMIT_REFERENCE_ID)
    {
        return 0;
    }

    return text.len != strlen(expected)
        || (text.len && memcmp(text.data, expected, text.len) != 0);
}


static unsigned
compare_attribute(const permit_t *permit, const reference_t *reference, int id)
{
    unsigned             n;
    const permit_text_t *name;

    n = 0;
    name = permit->given[id].name;

    if (permit->code[id] != reference->code[id]) {
        fprintf(stderr, "%s: \"%s\", not \"%s\"\n",
            permit_attributes[id].canonical,
            permit_code_name(permit->code[id]),
            permit_code_name(reference->code[id]));
        n++;
    }

    if ((name == NULL) != (reference->name[id] == NULL)
        || (name && strcmp(name->data, reference->name[id]) != 0))
    {
        fprintf(stderr, "%s: named \"%s\", not \"%s\"\n",
            permit_attributes[id].canonical, name ? name->data : "",
            reference->name[id] ? reference->name[id] : "");
        n++;
    }

    if (differs(permit, reference, id, 0) || differs(permit, reference, id, 1))
    {
        fprintf(stderr, "%s: stored as something else\n",
            permit_attributes[id].canonical);
        n++;
    }

    return n;
}


unsigned
compare_body(const char *schema, const uint8_t *body, size_t len,
    size_t max_body, uint64_t seed)
{
    int             id;
    memory_t        memory;
    permit_t        permit;
    unsigned        n;
    reference_t     reference;
    permit_rules_t  rules;
    permit_parse_t  outcome;
    permit_memory_t interface;

    interface = memory_start(&memory);

    rules.currencies = currencies;
    rules.ncurrencies = 2;
    rules.currencies_text = "";
    rules.max_body = max_body;

    outcome = parse(&permit, schema, &rules, &interface, body, len, seed);
    reference_read(&reference, schema, body, len, max_body);

    n = 0;

    if (outcome != reference.outcome
        && !(reference.vague
            && (outcome == PERMIT_PARSE_MALFORMED
                || outcome == PERMIT_PARSE_TOO_LARGE)))
    {
        fprintf(stderr, "parsed to %d, not %d\n", outcome, reference.outcome);
        n++;
    }

    if (outcome == PERMIT_PARSE_OK && n == 0) {
        (void) permit_validate_token(&permit);
        (void) permit_validate(&permit, &rules);

        for (id = 0; id < PERMIT_ATTRIBUTES; id++) {
            n += compare_attribute(&permit, &reference, id);
        }
    }

    memory_end(&memory);

    return n;
}
