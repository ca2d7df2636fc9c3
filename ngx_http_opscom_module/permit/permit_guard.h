
/*
 * What yajl does not see to, over the raw bytes of a body in pieces of any
 * size:
 *
 *   - UTF-8 as RFC 3629 has it: yajl takes overlong forms, surrogates and
 *     what lies beyond U+10FFFF;
 *   - control characters that RFC 8259 allows nowhere: yajl takes vertical
 *     tabs and form feeds for white space;
 *   - "\u" escapes of half a surrogate pair, which no UTF-8 can hold: yajl
 *     makes question marks or broken UTF-8 of them;
 *   - the length of a single string or number, which yajl holds in memory.
 */


#ifndef PERMIT_GUARD_H_INCLUDED
#define PERMIT_GUARD_H_INCLUDED


#include "permit.h"


#define PERMIT_MAX_TOKEN 65536 /* bytes as sent, without the quotes */


typedef enum {
    PERMIT_GUARD_PASS,
    PERMIT_GUARD_BAD_UTF8,
    PERMIT_GUARD_BAD_CONTROL,
    PERMIT_GUARD_BAD_ESCAPE,
    PERMIT_GUARD_LONG_TOKEN
} permit_guard_verdict_t;


/* Zeroed is its first state. */

typedef struct {
    bool     bounded; /* set by the user: watch the length of tokens */
    uint8_t  state;
    uint8_t  utf8_rest;  /* continuation bytes to come ... */
    uint8_t  utf8_least; /* ... and the bounds of the next one */
    uint8_t  utf8_most;
    uint8_t  escape_digits;
    uint16_t escape_unit;
    bool     high_pending; /* the low half of a pair must follow */
    bool     in_string;
    size_t   token_len;
} permit_guard_t;


/*
 * Passes the next piece of the body.  Returns how many of its bytes are fine:
 * all of them with PERMIT_GUARD_PASS; otherwise the next one is the offender,
 * and the guard must not be used any more.  The outcome does not depend on
 * where the body is split.
 */
size_t permit_guard_pass(permit_guard_t *guard, const char *data, size_t len,
    permit_guard_verdict_t *verdict);

/* What is wrong, for people; not for PERMIT_GUARD_PASS or _LONG_TOKEN. */
const char *permit_guard_reason(permit_guard_verdict_t verdict);


#endif /* PERMIT_GUARD_H_INCLUDED */
