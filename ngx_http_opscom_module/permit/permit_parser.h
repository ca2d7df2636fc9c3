
/*
 * The parser of a body: takes the pieces as they arrive, and fills a permit
 * with the values of its attributes.  yajl reads the JSON; permit_scan refuses
 * what yajl accepts and RFC 8259 forbids.
 */


#ifndef PERMIT_PARSER_H_INCLUDED
#define PERMIT_PARSER_H_INCLUDED


#include "permit.h"


typedef enum {
    PERMIT_PARSE_OK,
    PERMIT_PARSE_ELEMENT,       /* of an array: see permit_array.h */
    PERMIT_PARSE_MALFORMED,
    PERMIT_PARSE_NOT_AN_OBJECT, /* JSON, but not an object */
    PERMIT_PARSE_NOT_AN_ARRAY,  /* JSON, but not an array: permit_array.h */
    PERMIT_PARSE_TOO_LARGE,     /* the body, or one string or number */
    PERMIT_PARSE_NO_MEMORY
} permit_parse_t;


typedef struct permit_parser_s permit_parser_t;


/*
 * Makes a parser for one body.  The permit is zeroed and given its schema; the
 * values go to permit->given, in memory that the parser never frees.  All
 * arguments must outlive the parser.  Returns NULL without memory.
 */
permit_parser_t *permit_parser_create(permit_t *permit,
    const permit_schema_t *schema, const permit_rules_t *rules,
    const permit_memory_t *memory);

/*
 * Parses the next piece, which may be reused after the call.  Anything but
 * PERMIT_PARSE_OK is final, and returned as soon as it is known;
 * PERMIT_PARSE_NOT_AN_OBJECT comes from permit_parser_finish() alone.  The
 * outcome and what the permit holds depend on the whole body only, never on
 * where it was split.
 */
permit_parse_t permit_parser_feed(permit_parser_t *parser, const char *data,
    size_t len);

/* Ends the body.  Frees yajl's memory. */
permit_parse_t permit_parser_finish(permit_parser_t *parser);

/*
 * After PERMIT_PARSE_MALFORMED: about where, in bytes from the start of the
 * body with its byte order mark, it was found not to be JSON, and what was
 * found.  yajl may name the start or the end of a token that came in pieces.
 */
size_t permit_parser_offset(const permit_parser_t *parser);
const char *permit_parser_reason(const permit_parser_t *parser);


#endif /* PERMIT_PARSER_H_INCLUDED */
