
/* What the tests of permit/ share: rules, memory, a permit, and a parser. */


#ifndef SUPPORT_H_INCLUDED
#define SUPPORT_H_INCLUDED


#include "memory.h"
#include "permit_parser.h"


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


extern permit_rules_t  rules; /* CAD and USD, at most 16384 bytes */
extern memory_t        memory;
extern permit_memory_t interface;
extern permit_t        permit;


/*
 * Parses a body in pieces of a size (0: whole) into permit, in memory that the
 * caller ends.  offset may be NULL.
 */
permit_parse_t parse_as(const permit_schema_t *schema, const char *body,
    size_t len, size_t piece, size_t *offset);

/* The same of a whole body that must be valid. */
void parse_good(const permit_schema_t *schema, const char *body);

void assert_text(permit_text_t text, const char *expected);


typedef struct {
    const char   *body; /* of an object that has all that is needed */
    permit_id_t   id;
    permit_code_t code;
    const char   *stored;
    const char   *stored_too;
} case_t;

/* Validates a push of each body, together with the members that it needs. */
void validate(const case_t *cases, size_t ncases, const char *needed);


#endif /* SUPPORT_H_INCLUDED */
