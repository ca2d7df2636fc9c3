
/*
 * Checks that yajl does not do, over the raw bytes of a body in pieces of any
 * size:
 *
 *   - UTF-8 as RFC 3629 has it: yajl accepts overlong forms, surrogates and
 *     code points above U+10FFFF;
 *   - control characters that RFC 8259 allows nowhere: yajl takes vertical
 *     tabs and form feeds for white space;
 *   - "\u" escapes of half a surrogate pair, which no UTF-8 can hold: yajl
 *     makes question marks or broken UTF-8 of them;
 *   - the length of a single string or number, which yajl holds in memory.
 */


#ifndef PERMIT_SCAN_H_INCLUDED
#define PERMIT_SCAN_H_INCLUDED


#include "permit.h"


#define PERMIT_MAX_TOKEN  65536   /* bytes as sent, without the quotes */


typedef enum {
    PERMIT_SCAN_OK,
    PERMIT_SCAN_BAD_UTF8,
    PERMIT_SCAN_BAD_CONTROL,
    PERMIT_SCAN_BAD_ESCAPE,
    PERMIT_SCAN_LONG_TOKEN
} permit_scan_status_t;


/* Zeroed is its first state. */

typedef struct {
    bool      bounded; /* set by the user: watch the length of tokens */
    uint8_t   state;
    uint8_t   utf8_rest;  /* continuation bytes to come ... */
    uint8_t   utf8_least; /* ... and the bounds of the next one */
    uint8_t   utf8_most;
    uint8_t   escape_digits;
    uint16_t  escape_unit;
    bool      high_pending; /* the low half of a pair must follow */
    bool      in_string;
    size_t    token_len;
} permit_scan_t;


/*
 * Scans the next piece of the body.  Returns how many of its bytes are valid:
 * all of them with PERMIT_SCAN_OK; otherwise the next byte is invalid and the
 * state must not be used again.  The outcome does not depend on where the body
 * is split.
 */
size_t permit_scan_feed(permit_scan_t *scan, const char *data, size_t len,
    permit_scan_status_t *status);

/* What is wrong, for people; not for PERMIT_SCAN_OK or _LONG_TOKEN. */
const char *permit_scan_reason(permit_scan_status_t status);


#endif /* PERMIT_SCAN_H_INCLUDED */
