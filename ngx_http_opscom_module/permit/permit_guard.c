
#include "permit_bytes.h"
#include "permit_guard.h"


enum {
    GUARD_PLAIN = 0, /* between characters */
    GUARD_UTF8,      /* inside a character */
    GUARD_BACKSLASH, /* after a backslash */
    GUARD_ESCAPE     /* inside the four digits of \u */
};


static permit_guard_verdict_t permit_guard_byte(
    permit_guard_t *guard, unsigned char c);
static permit_guard_verdict_t permit_guard_plain(
    permit_guard_t *guard, unsigned char c);
static permit_guard_verdict_t permit_guard_lead(
    permit_guard_t *guard, unsigned char c);
static permit_guard_verdict_t permit_guard_continuation(
    permit_guard_t *guard, unsigned char c);
static permit_guard_verdict_t permit_guard_backslash(
    permit_guard_t *guard, unsigned char c);
static permit_guard_verdict_t permit_guard_digit(
    permit_guard_t *guard, unsigned char c);
static permit_guard_verdict_t permit_guard_unit(permit_guard_t *guard);
static bool permit_guard_token(permit_guard_t *guard, unsigned char c);


size_t
permit_guard_pass(permit_guard_t *guard, const char *data, size_t len,
    permit_guard_verdict_t *verdict)
{
    size_t        i;
    unsigned char c;

    for (i = 0; i < len; i++) {

        if (guard->state == GUARD_PLAIN && !guard->high_pending
            && !guard->bounded) {
            i += permit_skip_easy(data + i, len - i);

            if (i == len) {
                break;
            }
        }

        c = (unsigned char) data[i];

        if (guard->bounded && !permit_guard_token(guard, c)) {
            *verdict = PERMIT_GUARD_LONG_TOKEN;
            return i;
        }

        *verdict = permit_guard_byte(guard, c);

        if (*verdict != PERMIT_GUARD_PASS) {
            return i;
        }
    }

    *verdict = PERMIT_GUARD_PASS;

    return len;
}


const char *
permit_guard_reason(permit_guard_verdict_t verdict)
{
    switch (verdict) {

    case PERMIT_GUARD_BAD_UTF8:
        return "invalid UTF-8";

    case PERMIT_GUARD_BAD_ESCAPE:
        return "invalid \\u escape";

    default:
        return "unexpected control character";
    }
}


static permit_guard_verdict_t
permit_guard_byte(permit_guard_t *guard, unsigned char c)
{
    switch (guard->state) {

    case GUARD_UTF8:
        return permit_guard_continuation(guard, c);

    case GUARD_BACKSLASH:
        return permit_guard_backslash(guard, c);

    case GUARD_ESCAPE:
        return permit_guard_digit(guard, c);

    default:
        return permit_guard_plain(guard, c);
    }
}


static permit_guard_verdict_t
permit_guard_plain(permit_guard_t *guard, unsigned char c)
{
    if (c == '\\') {
        guard->state = GUARD_BACKSLASH;
        return PERMIT_GUARD_PASS;
    }

    if (guard->high_pending) {
        return PERMIT_GUARD_BAD_ESCAPE;
    }

    if (c >= 0x80) {
        return permit_guard_lead(guard, c);
    }

    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
        return PERMIT_GUARD_BAD_CONTROL;
    }

    return PERMIT_GUARD_PASS;
}


/* RFC 3629, section 4: the first byte bounds the second. */

static permit_guard_verdict_t
permit_guard_lead(permit_guard_t *guard, unsigned char c)
{
    guard->utf8_least = 0x80;
    guard->utf8_most = 0xbf;

    if (c < 0xc2 || c > 0xf4) {
        return PERMIT_GUARD_BAD_UTF8;
    }

    if (c < 0xe0) {
        guard->utf8_rest = 1;

    } else if (c < 0xf0) {
        guard->utf8_rest = 2;

        if (c == 0xe0) {
            guard->utf8_least = 0xa0; /* no overlong forms */

        } else if (c == 0xed) {
            guard->utf8_most = 0x9f; /* no surrogates */
        }

    } else {
        guard->utf8_rest = 3;

        if (c == 0xf0) {
            guard->utf8_least = 0x90; /* no overlong forms */

        } else if (c == 0xf4) {
            guard->utf8_most = 0x8f; /* nothing beyond U+10FFFF */
        }
    }

    guard->state = GUARD_UTF8;

    return PERMIT_GUARD_PASS;
}


static permit_guard_verdict_t
permit_guard_continuation(permit_guard_t *guard, unsigned char c)
{
    if (c < guard->utf8_least || c > guard->utf8_most) {
        return PERMIT_GUARD_BAD_UTF8;
    }

    guard->utf8_least = 0x80;
    guard->utf8_most = 0xbf;

    if (--guard->utf8_rest == 0) {
        guard->state = GUARD_PLAIN;
    }

    return PERMIT_GUARD_PASS;
}


static permit_guard_verdict_t
permit_guard_backslash(permit_guard_t *guard, unsigned char c)
{
    if (c == 'u') {
        guard->state = GUARD_ESCAPE;
        guard->escape_digits = 0;
        guard->escape_unit = 0;
        return PERMIT_GUARD_PASS;
    }

    if (guard->high_pending) {
        return PERMIT_GUARD_BAD_ESCAPE;
    }

    /* yajl judges the other escapes, but not a byte that is none of ASCII */

    guard->state = GUARD_PLAIN;

    return c < 0x80 ? PERMIT_GUARD_PASS : permit_guard_lead(guard, c);
}


static permit_guard_verdict_t
permit_guard_digit(permit_guard_t *guard, unsigned char c)
{
    unsigned digit;

    if (c >= '0' && c <= '9') {
        digit = (unsigned) c - '0';

    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = (unsigned) (c | 0x20) - 'a' + 10;

    } else {
        return PERMIT_GUARD_BAD_ESCAPE;
    }

    guard->escape_unit = (uint16_t) (guard->escape_unit << 4 | digit);

    if (++guard->escape_digits < 4) {
        return PERMIT_GUARD_PASS;
    }

    return permit_guard_unit(guard);
}


/* RFC 8259, section 7: beyond U+FFFF two escapes make one character. */

static permit_guard_verdict_t
permit_guard_unit(permit_guard_t *guard)
{
    bool high, low;

    high = (guard->escape_unit & 0xfc00) == 0xd800;
    low = (guard->escape_unit & 0xfc00) == 0xdc00;

    if (low != guard->high_pending) {
        return PERMIT_GUARD_BAD_ESCAPE;
    }

    guard->high_pending = high;
    guard->state = GUARD_PLAIN;

    return PERMIT_GUARD_PASS;
}


/*
 * Counts the bytes of the token that c belongs to; false: it has become too
 * long.  Outside a string, anything that is not white space or structure is
 * taken for a number: yajl finds out what else it is.
 */

static bool
permit_guard_token(permit_guard_t *guard, unsigned char c)
{
    if (guard->in_string) {

        if (c == '"' && guard->state != GUARD_BACKSLASH) {
            guard->in_string = false;
            guard->token_len = 0;
            return true;
        }

        return ++guard->token_len <= PERMIT_MAX_TOKEN;
    }

    switch (c) {

    case '"':
        guard->in_string = true;
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
        guard->token_len = 0;
        return true;

    default:
        return ++guard->token_len <= PERMIT_MAX_TOKEN;
    }
}
