
/* Bytes of a body in bulk: eight at a time where most need no closer look. */


#ifndef PERMIT_BYTES_H_INCLUDED
#define PERMIT_BYTES_H_INCLUDED


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define PERMIT_WORD       sizeof(uint64_t)
#define PERMIT_EACH(byte) (0x0101010101010101ULL * (byte))


/* Printable ASCII, DEL or JSON's white space, and no backslash. */

static inline bool
permit_bytes_is_easy(unsigned char c)
{
    if (c < 0x20) {
        return c == '\n' || c == '\r' || c == '\t';
    }

    return c < 0x80 && c != '\\';
}


/* How many bytes from the start on are easy. */

static inline size_t
permit_bytes_skip_easy(const char *data, size_t len)
{
    size_t         i, end;
    uint64_t       word, high, control, backslash;
    unsigned char  c;

    i = 0;

    while (i < len) {
        end = len;

        if (len - i >= PERMIT_WORD) {
            memcpy(&word, data + i, PERMIT_WORD);

            /* a difference that borrows sets the byte's high bit */

            high = word;
            control = word - PERMIT_EACH(0x20);
            backslash = (word ^ PERMIT_EACH('\\')) - PERMIT_EACH(0x01);

            if (!((high | control | backslash) & PERMIT_EACH(0x80))) {
                i += PERMIT_WORD;
                continue;
            }

            end = i + PERMIT_WORD;
        }

        /* a line end most of the time */

        while (i < end) {
            c = (unsigned char) data[i];

            if (!permit_bytes_is_easy(c)) {
                return i;
            }

            i++;

            if (c < 0x20) {
                break;
            }
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
permit_bytes_skip_bom(size_t *seen, size_t received, const char *data,
    size_t len, bool *broken)
{
    size_t                      n;
    static const unsigned char  bom[] = { 0xef, 0xbb, 0xbf };

    *broken = false;

    for (n = 0; n < len; n++) {

        if (*seen != received + n || *seen == sizeof(bom)) {
            break;
        }

        if ((unsigned char) data[n] != bom[*seen]) {
            *broken = (*seen != 0);
            break;
        }

        (*seen)++;
    }

    return n;
}


static inline bool
permit_bytes_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}


/* How many bytes from the start on are white space in JSON. */

static inline size_t
permit_bytes_skip_space(const char *data, size_t len)
{
    size_t  n;

    for (n = 0; n < len && permit_bytes_is_space(data[n]); n++) {
        /* void */
    }

    return n;
}


#endif /* PERMIT_BYTES_H_INCLUDED */
