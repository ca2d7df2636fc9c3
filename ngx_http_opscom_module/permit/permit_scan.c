
/* A state for each byte that is not printable ASCII: see permit_scan.h. */


#include "permit_bytes.h"
#include "permit_scan.h"


enum {
    SCAN_PLAIN = 0, /* between characters */
    SCAN_UTF8,      /* inside a character */
    SCAN_BACKSLASH, /* after a backslash */
    SCAN_ESCAPE     /* inside the four digits of \u */
};


static permit_scan_status_t permit_scan_byte(permit_scan_t *scan,
    unsigned char c);
static permit_scan_status_t permit_scan_plain(permit_scan_t *scan,
    unsigned char c);
static permit_scan_status_t permit_scan_lead(permit_scan_t *scan,
    unsigned char c);
static permit_scan_status_t permit_scan_continuation(permit_scan_t *scan,
    unsigned char c);
static permit_scan_status_t permit_scan_backslash(permit_scan_t *scan,
    unsigned char c);
static permit_scan_status_t permit_scan_digit(permit_scan_t *scan,
    unsigned char c);
static permit_scan_status_t permit_scan_unit(permit_scan_t *scan);
static bool permit_scan_token(permit_scan_t *scan, unsigned char c);


size_t
permit_scan_feed(permit_scan_t *scan, const char *data, size_t len,
    permit_scan_status_t *status)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < len; i++) {

        if (scan->state == SCAN_PLAIN && !scan->high_pending
            && !scan->bounded)
        {
            i += permit_bytes_skip_easy(data + i, len - i);

            if (i == len) {
                break;
            }
        }

        c = (unsigned char) data[i];

        if (scan->bounded && !permit_scan_token(scan, c)) {
            *status = PERMIT_SCAN_LONG_TOKEN;
            return i;
        }

        *status = permit_scan_byte(scan, c);

        if (*status != PERMIT_SCAN_OK) {
            return i;
        }
    }

    *status = PERMIT_SCAN_OK;

    return len;
}


const char *
permit_scan_reason(permit_scan_status_t status)
{
    switch (status) {

    case PERMIT_SCAN_BAD_UTF8:
        return "invalid UTF-8";

    case PERMIT_SCAN_BAD_ESCAPE:
        return "invalid \\u escape";

    default:
        return "unexpected control character";
    }
}


static permit_scan_status_t
permit_scan_byte(permit_scan_t *scan, unsigned char c)
{
    switch (scan->state) {

    case SCAN_UTF8:
        return permit_scan_continuation(scan, c);

    case SCAN_BACKSLASH:
        return permit_scan_backslash(scan, c);

    case SCAN_ESCAPE:
        return permit_scan_digit(scan, c);

    default:
        return permit_scan_plain(scan, c);
    }
}


static permit_scan_status_t
permit_scan_plain(permit_scan_t *scan, unsigned char c)
{
    if (c == '\\') {
        scan->state = SCAN_BACKSLASH;
        return PERMIT_SCAN_OK;
    }

    if (scan->high_pending) {
        return PERMIT_SCAN_BAD_ESCAPE;
    }

    if (c >= 0x80) {
        return permit_scan_lead(scan, c);
    }

    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
        return PERMIT_SCAN_BAD_CONTROL;
    }

    return PERMIT_SCAN_OK;
}


/* RFC 3629, section 4: the first byte bounds the second. */

static permit_scan_status_t
permit_scan_lead(permit_scan_t *scan, unsigned char c)
{
    scan->utf8_least = 0x80;
    scan->utf8_most = 0xbf;

    if (c < 0xc2 || c > 0xf4) {
        return PERMIT_SCAN_BAD_UTF8;
    }

    if (c < 0xe0) {
        scan->utf8_rest = 1;

    } else if (c < 0xf0) {
        scan->utf8_rest = 2;

        if (c == 0xe0) {
            scan->utf8_least = 0xa0; /* no overlong forms */

        } else if (c == 0xed) {
            scan->utf8_most = 0x9f; /* no surrogates */
        }

    } else {
        scan->utf8_rest = 3;

        if (c == 0xf0) {
            scan->utf8_least = 0x90; /* no overlong forms */

        } else if (c == 0xf4) {
            scan->utf8_most = 0x8f; /* nothing beyond U+10FFFF */
        }
    }

    scan->state = SCAN_UTF8;

    return PERMIT_SCAN_OK;
}


static permit_scan_status_t
permit_scan_continuation(permit_scan_t *scan, unsigned char c)
{
    if (c < scan->utf8_least || c > scan->utf8_most) {
        return PERMIT_SCAN_BAD_UTF8;
    }

    scan->utf8_least = 0x80;
    scan->utf8_most = 0xbf;

    if (--scan->utf8_rest == 0) {
        scan->state = SCAN_PLAIN;
    }

    return PERMIT_SCAN_OK;
}


static permit_scan_status_t
permit_scan_backslash(permit_scan_t *scan, unsigned char c)
{
    if (c == 'u') {
        scan->state = SCAN_ESCAPE;
        scan->escape_digits = 0;
        return PERMIT_SCAN_OK;
    }

    if (scan->high_pending) {
        return PERMIT_SCAN_BAD_ESCAPE;
    }

    /* yajl checks the other escapes, but accepts any byte above ASCII */

    scan->state = SCAN_PLAIN;

    return c < 0x80 ? PERMIT_SCAN_OK : permit_scan_lead(scan, c);
}


static permit_scan_status_t
permit_scan_digit(permit_scan_t *scan, unsigned char c)
{
    unsigned  digit;

    if (c >= '0' && c <= '9') {
        digit = (unsigned) c - '0';

    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = (unsigned) (c | 0x20) - 'a' + 10;

    } else {
        return PERMIT_SCAN_BAD_ESCAPE;
    }

    /* four digits push out those of the escape before */

    scan->escape_unit = (uint16_t) (scan->escape_unit << 4 | digit);

    if (++scan->escape_digits < 4) {
        return PERMIT_SCAN_OK;
    }

    return permit_scan_unit(scan);
}


/* RFC 8259, section 7: beyond U+FFFF two escapes make one character. */

static permit_scan_status_t
permit_scan_unit(permit_scan_t *scan)
{
    bool  high, low;

    high = (scan->escape_unit & 0xfc00) == 0xd800;
    low = (scan->escape_unit & 0xfc00) == 0xdc00;

    if (low != scan->high_pending) {
        return PERMIT_SCAN_BAD_ESCAPE;
    }

    scan->high_pending = high;
    scan->state = SCAN_PLAIN;

    return PERMIT_SCAN_OK;
}


/*
 * Counts the bytes of the token that c belongs to; false: it has become too
 * long.  Outside a string, anything that is not white space or structure is
 * taken for a number: yajl reports what is neither.
 */

static bool
permit_scan_token(permit_scan_t *scan, unsigned char c)
{
    if (scan->in_string) {

        if (c == '"' && scan->state != SCAN_BACKSLASH) {
            scan->in_string = false;
            scan->token_len = 0;
            return true;
        }

        return ++scan->token_len <= PERMIT_MAX_TOKEN;
    }

    switch (c) {

    case '"':
        scan->in_string = true;
        /* fall through */

    case '{':
    case '}':
    case '[':
    case ']':
    case ':':
    case ',':
    case ' ':
    case '\t':
    case '\n':
    case '\r':
        scan->token_len = 0;
        return true;

    default:
        return ++scan->token_len <= PERMIT_MAX_TOKEN;
    }
}
