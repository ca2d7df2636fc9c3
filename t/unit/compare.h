
/* Compares permit/ with the reference, for one body split in one way. */


#ifndef COMPARE_H_INCLUDED
#define COMPARE_H_INCLUDED


#include <stddef.h>
#include <stdint.h>


/*
 * Feeds the body in pieces whose sizes the seed draws (0: whole), and writes
 * differences from the reference to stderr.  Returns their number.
 */
unsigned compare_body(const char *schema, const uint8_t *body, size_t len,
    size_t max_body, uint64_t seed);

/*
 * The same for an array of bodies: each of its elements must be as
 * permit_parser reads it alone.
 */
unsigned compare_array(const uint8_t *body, size_t len, size_t max_body,
    uint64_t seed);


#endif /* COMPARE_H_INCLUDED */
