
/*
 * The parser: the pieces of a JSON body in, as they arrive, and what the
 * client said of each attribute out.  yajl reads the JSON; permit_guard sees
 * to what yajl lets pass.
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
 * Makes a parser for one body.  The permit is zeroed and given its form; what
 * the body says goes to permit->said, in memory that is never freed by the
 * parser.  Everything given must outlive it.  Returns NULL without memory.
 */
permit_parser_t *permit_parser_create(permit_t *permit,
    const permit_form_t *form, const permit_rules_t *rules,
    const permit_memory_t *memory);

/*
 * Parses the next piece, which may be reused after the call.  Anything but
 * PERMIT_PARSE_OK is final, and returned as soon as it is known;
 * PERMIT_PARSE_NOT_AN_OBJECT comes from permit_parser_finish() alone.  The
 * outcome and what was said depend on the whole body only, never on where it
 * was split.
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
size_t      permit_parser_offset(const permit_parser_t *parser);
const char *permit_parser_reason(const permit_parser_t *parser);


#endif /* PERMIT_PARSER_H_INCLUDED */
