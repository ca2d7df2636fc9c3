
/*
 * The body of a bulk request: a JSON array of what permit_parser reads, in
 * pieces of any size, one element at a time.
 *
 *   status = permit_array_feed(array, data, len, &consumed);
 *
 * stops behind each element, so that the caller can validate and store it, and
 * feeds the rest whenever it likes:
 *
 *   PERMIT_PARSE_OK             all was consumed, more may come
 *   PERMIT_PARSE_ELEMENT        an element has ended, and its permit is filled
 *   PERMIT_PARSE_NOT_AN_OBJECT  an element has ended that is not an object
 *   anything else               final
 *
 * An element is what permit_parser_feed() and permit_parser_finish() would
 * have made of the bytes from its first to its last one: the limits are those
 * of a body (rules->max_body, PERMIT_MAX_TOKEN, PERMIT_MAX_DEPTH), for each
 * element.  All elements before an error are reported before the error; the
 * number of reported elements is the index of the one that the error is in.
 *
 * yajl is stopped at the end of each element and started anew for the next
 * one, as it cannot continue once a callback has stopped it.  It finds the
 * element's end itself, so that nothing reads the bytes a second time; to
 * start it costs some 300 instructions of some 12,000 for an element.
 */


#ifndef PERMIT_ARRAY_H_INCLUDED
#define PERMIT_ARRAY_H_INCLUDED


#include "permit_parser.h"


typedef struct permit_array_s permit_array_t;


/*
 * Makes a reader for one body.  Elements go to the permit, which is zeroed
 * when an element begins, and to memory where permit->text is too small.
 * All arguments must outlive the reader.  Returns NULL without memory.
 *
 * The reader itself needs one block of some 5 KB, and further ones while an
 * element has a string or number of more than 2 KB that comes in pieces or has
 * escapes.  These have at least 4 KB each and are freed with the element.
 */
permit_array_t *permit_array_create(permit_t *permit,
    const permit_schema_t *schema, const permit_rules_t *rules,
    const permit_memory_t *memory);

/*
 * Elements that begin from now on go to another permit and another memory, so
 * that those before may still be in use.  To be called between elements only:
 * before the first byte, or after PERMIT_PARSE_ELEMENT or
 * PERMIT_PARSE_NOT_AN_OBJECT.  Without a call the next element takes the place
 * of the last one; what the last one left in its memory may be freed then.
 */
void permit_array_set_permit(permit_array_t *array, permit_t *permit,
    const permit_memory_t *memory);

/*
 * Parses what follows what was consumed by the calls before; the piece may be
 * reused after the call, but what was not consumed must be fed again, at the
 * start of the next piece.  PERMIT_PARSE_NOT_AN_ARRAY comes from
 * permit_array_finish() alone.  The outcomes, their order and what the permits
 * hold do not depend on where the body was split.
 */
permit_parse_t permit_array_feed(permit_array_t *array, const char *data,
    size_t len, size_t *consumed);

/*
 * Ends the body, all of which was consumed: PERMIT_PARSE_OK where the array
 * has ended, or an error.  No element ends here.
 */
permit_parse_t permit_array_finish(permit_array_t *array);

/*
 * After PERMIT_PARSE_MALFORMED: see permit_parser_offset(); in bytes from the
 * start of the whole body.
 */
size_t permit_array_offset(const permit_array_t *array);
const char *permit_array_reason(const permit_array_t *array);


#endif /* PERMIT_ARRAY_H_INCLUDED */
