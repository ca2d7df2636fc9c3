
/* See permit_uuid.h. */


#include <string.h>

#include "permit_uuid.h"


void
permit_uuid_format(char text[PERMIT_UUID_LEN],
    const uint8_t random[PERMIT_UUID_BYTES])
{
    char                 *p;
    unsigned              group, n;
    uint8_t               bytes[PERMIT_UUID_BYTES];
    const uint8_t        *byte;
    static const char     hex[] = "0123456789abcdef";
    static const uint8_t  groups[] = { 4, 2, 2, 2, 6 };

    memcpy(bytes, random, sizeof(bytes));

    bytes[6] = (uint8_t) ((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (uint8_t) ((bytes[8] & 0x3f) | 0x80); /* the RFC's variant */

    p = text;
    byte = bytes;

    for (group = 0; group < sizeof(groups); group++) {

        if (group) {
            *p++ = '-';
        }

        for (n = groups[group]; n; n--, byte++) {
            *p++ = hex[*byte >> 4];
            *p++ = hex[*byte & 0x0f];
        }
    }
}
