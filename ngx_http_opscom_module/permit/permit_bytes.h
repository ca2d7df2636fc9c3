
/* Bytes looked at eight at a time: most of a body needs no closer look. */


#ifndef PERMIT_BYTES_H_INCLUDED
#define PERMIT_BYTES_H_INCLUDED


#include <stdint.h>
#include <string.h>


#define PERMIT_WORD       sizeof(uint64_t)
#define PERMIT_EACH(byte) (0x0101010101010101ULL * (byte))


/*
 * How many bytes from the start on, in whole words, are printable ASCII or DEL
 * and no backslash.
 */
static inline size_t
permit_easy_words(const char *data, size_t len)
{
    size_t   i;
    uint64_t word, high, control, backslash;

    for (i = 0; len - i >= PERMIT_WORD; i += PERMIT_WORD) {
        memcpy(&word, data + i, PERMIT_WORD);

        /* a difference that borrows leaves its mark in the byte's high bit */

        high = word;
        control = word - PERMIT_EACH(0x20);
        backslash = (word ^ PERMIT_EACH('\\')) - PERMIT_EACH(0x01);

        if ((high | control | backslash) & PERMIT_EACH(0x80)) {
            break;
        }
    }

    return i;
}


#endif /* PERMIT_BYTES_H_INCLUDED */
