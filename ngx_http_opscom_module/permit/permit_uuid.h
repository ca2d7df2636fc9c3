
/* Random UUIDs, RFC 9562 section 5.4. */


#ifndef PERMIT_UUID_H_INCLUDED
#define PERMIT_UUID_H_INCLUDED


#include <stdint.h>


#define PERMIT_UUID_BYTES  16
#define PERMIT_UUID_LEN    36


/* Writes 16 random bytes as a version 4 UUID in lower case, unterminated. */
void permit_uuid_format(char text[PERMIT_UUID_LEN],
    const uint8_t random[PERMIT_UUID_BYTES]);


#endif /* PERMIT_UUID_H_INCLUDED */
