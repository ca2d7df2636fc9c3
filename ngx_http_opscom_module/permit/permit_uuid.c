
/* See permit_uuid.h. */


#include <string.h>

#include "permit_uuid.h"


void
permit_uuid_format(char text[PERMIT_UUID_LEN],
    const uint8_t random[PERMIT_UUID_BYTES])
{
    char                 *p;
    uint8_t               bytes[PERMIT_UUID_BYTES];
    unsigned              i;
    static const char     hex[] = "0123456789abcdef";
    static const uint8_t  places[PERMIT_UUID_BYTES] = {
        0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34
    };

    memcpy(bytes, random, sizeof(bytes));

    bytes[6] = (uint8_t) ((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (uint8_t) ((bytes[8] & 0x3f) | 0x80); /* the RFC's variant */

    for (i = 0; i < PERMIT_UUID_BYTES; i++) {
        p = text + places[i];
        p[0] = hex[bytes[i] >> 4];
        p[1] = hex[bytes[i] & 0x0f];
    }

    text[8] = text[13] = text[18] = text[23] = '-';
}
