
/*
 * A body in pieces: its byte order mark, its size, what permit_scan finds,
 * the value in it, and nothing behind it.
 */


#include <string.h>

#include "permit_bytes.h"
#include "permit_json.h"
#include "permit_scan.h"
#include "permit_parser.h"


struct permit_parser_s {
    permit_scan_t   scan;
    size_t          max_body; /* SIZE_MAX: no limit */
    size_t          received;
    size_t          bom;      /* bytes of a byte order mark seen */
    size_t          offset;
    const char     *reason;
    permit_parse_t  outcome;  /* of all that came so far */

    permit_json_t  json;
    void          *buffer[PERMIT_JSON_BUFFER / sizeof(void *)];
};


static permit_parse_t permit_parser_json(permit_parser_t *parser,
    const char *data, size_t len);
static permit_parse_t permit_parser_trailing(permit_parser_t *parser,
    const char *data, size_t len, size_t from);
static permit_parse_t permit_parser_malformed(permit_parser_t *parser,
    size_t offset, const char *reason);


permit_parser_t *
permit_parser_create(permit_t *permit, const permit_schema_t *schema,
    const permit_rules_t *rules, const permit_memory_t *memory)
{
    permit_parser_t  *parser;

    parser = memory->alloc(memory->ctx, sizeof(permit_parser_t));
    if (parser == NULL) {
        return NULL;
    }

    memset(parser, 0, offsetof(permit_parser_t, json));

    parser->max_body = rules->max_body ? rules->max_body : SIZE_MAX;

    /* no token is longer than its body */

    parser->scan.bounded = parser->max_body > PERMIT_MAX_TOKEN;

    permit_json_init(&parser->json, memory, parser->buffer,
                     sizeof(parser->buffer));

    if (!permit_json_start(&parser->json, permit, schema, memory)) {
        return NULL;
    }

    return parser;
}


permit_parse_t
permit_parser_feed(permit_parser_t *parser, const char *data, size_t len)
{
    bool                  broken;
    size_t                allowed, bom, fine;
    permit_scan_status_t  status;

    if (parser->outcome != PERMIT_PARSE_OK) {
        return parser->outcome;
    }

    allowed = parser->max_body - parser->received;

    if (allowed > len) {
        allowed = len;
    }

    bom = permit_bytes_skip_bom(&parser->bom, parser->received, data, allowed,
                            &broken);
    parser->received += bom;

    if (broken) {

        /* JSON starts with no such byte */

        parser->outcome = permit_parser_malformed(parser, parser->received,
                                                  "unexpected character");
        return parser->outcome;
    }

    fine = permit_scan_feed(&parser->scan, data + bom, allowed - bom,
                             &status);

    parser->outcome = permit_parser_json(parser, data + bom, fine);

    if (parser->outcome != PERMIT_PARSE_OK) {
        return parser->outcome;
    }

    parser->received += fine;

    if (status == PERMIT_SCAN_LONG_TOKEN
        || (status == PERMIT_SCAN_OK && allowed < len))
    {
        parser->outcome = PERMIT_PARSE_TOO_LARGE;

    } else if (status != PERMIT_SCAN_OK) {
        parser->outcome = permit_parser_malformed(parser, parser->received,
                                                  permit_scan_reason(status));
    }

    return parser->outcome;
}


permit_parse_t
permit_parser_finish(permit_parser_t *parser)
{
    if (parser->outcome != PERMIT_PARSE_OK) {
        return parser->outcome;
    }

    /* a number ends with the body: yajl reports it here */

    if (!parser->json.complete
        && permit_json_finish(&parser->json) == PERMIT_JSON_NO_MEMORY)
    {
        parser->outcome = PERMIT_PARSE_NO_MEMORY;
        return parser->outcome;
    }

    permit_json_end(&parser->json);

    if (!parser->json.complete) {
        parser->outcome = permit_parser_malformed(parser, parser->received,
                                                  "unexpected end");

    } else if (!parser->json.an_object) {
        parser->outcome = PERMIT_PARSE_NOT_AN_OBJECT;
    }

    return parser->outcome;
}


size_t
permit_parser_offset(const permit_parser_t *parser)
{
    return parser->offset;
}


const char *
permit_parser_reason(const permit_parser_t *parser)
{
    return parser->reason;
}


static permit_parse_t
permit_parser_json(permit_parser_t *parser, const char *data, size_t len)
{
    size_t  consumed;

    if (parser->json.complete) {
        return permit_parser_trailing(parser, data, len, 0);
    }

    switch (permit_json_feed(&parser->json, data, len, &consumed)) {

    case PERMIT_JSON_MORE:
        return PERMIT_PARSE_OK;

    case PERMIT_JSON_DONE:
        return permit_parser_trailing(parser, data, len, consumed);

    case PERMIT_JSON_MALFORMED:
        return permit_parser_malformed(parser, parser->received + consumed,
                                       "unexpected character");

    case PERMIT_JSON_TOO_DEEP:
        return permit_parser_malformed(parser, parser->received + consumed,
                                       "nested too deeply");

    default:
        return PERMIT_PARSE_NO_MEMORY;
    }
}


/*
 * yajl would overlook an unfinished token behind the outermost value, so it is
 * stopped there: nothing but white space may follow.
 */

static permit_parse_t
permit_parser_trailing(permit_parser_t *parser, const char *data, size_t len,
    size_t from)
{
    from += permit_bytes_skip_space(data + from, len - from);

    if (from < len) {
        return permit_parser_malformed(parser, parser->received + from,
                           "unexpected text after the end of the value");
    }

    return PERMIT_PARSE_OK;
}


static permit_parse_t
permit_parser_malformed(permit_parser_t *parser, size_t offset,
    const char *reason)
{
    parser->offset = offset;
    parser->reason = reason;

    return PERMIT_PARSE_MALFORMED;
}
