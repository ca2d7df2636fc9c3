
/* Bytes looked at eight at a time: most of a body needs no closer look. */


#ifndef PERMIT_BYTES_H_INCLUDED
#define PERMIT_BYTES_H_INCLUDED


#include <stdbool.h>
#include <stddef.h>
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


/*
 * Skips what belongs to a UTF-8 byte order mark, which may stand at the start
 * of a text and come in pieces.  seen is how much of it came before, and is
 * moved on.  Returns how many bytes that were; broken is set where a mark has
 * begun and does not go on.
 */
static inline size_t
permit_skip_mark(size_t *seen, size_t received, const char *data, size_t len,
    bool *broken)
{
    size_t                     n;
    static const unsigned char mark[] = { 0xef, 0xbb, 0xbf };

    *broken = false;

    for (n = 0; n < len; n++) {

        if (*seen != received + n || *seen == sizeof(mark)) {
            break;
        }

        if ((unsigned char) data[n] != mark[*seen]) {
            *broken = (*seen != 0);
            break;
        }

        (*seen)++;
    }

    return n;
}


/* How many bytes from the start on are white space in JSON. */

static inline size_t
permit_skip_space(const char *data, size_t len)
{
    size_t n;

    for (n = 0; n < len; n++) {

        if (data[n] != ' ' && data[n] != '\t' && data[n] != '\n'
            && data[n] != '\r')
        {
            break;
        }
    }

    return n;
}


#endif /* PERMIT_BYTES_H_INCLUDED */
