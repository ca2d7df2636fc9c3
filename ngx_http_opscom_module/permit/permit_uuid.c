
/* See permit_uuid.h. */


#include "permit_uuid.h"


void
permit_uuid_format(char text[PERMIT_UUID_LEN],
    const uint8_t random[PERMIT_UUID_BYTES])
{
    char             *p;
    unsigned          i;
    uint8_t           byte;
    static const char hex[] = "0123456789abcdef";

    p = text;

    for (i = 0; i < PERMIT_UUID_BYTES; i++) {

        byte = random[i];

        if (i == 6) {
            byte = (uint8_t) ((byte & 0x0f) | 0x40); /* version 4 */

        } else if (i == 8) {
            byte = (uint8_t) ((byte & 0x3f) | 0x80); /* the RFC's variant */
        }

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }

        *p++ = hex[byte >> 4];
        *p++ = hex[byte & 0x0f];
    }
}
