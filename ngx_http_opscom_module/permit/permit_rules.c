
/* The rules of single attributes: see permit_rules.h. */


#include <string.h>

#include "permit_rules.h"
#include "permit_time.h"


static void permit_rules_set_seconds(permit_t *permit, permit_id_t id,
    int64_t seconds);
static permit_text_t permit_rules_keep(permit_t *permit, const char *data,
    size_t len);
static permit_text_t permit_rules_keep_number(permit_t *permit,
    uint64_t number);
static bool permit_rules_has_control(permit_text_t text);
static char permit_rules_upper(char c);
static bool permit_rules_is_digit(char c);


/* Two digits at a time take half the divisions. */

static const char  permit_rules_pairs[] =
    "00010203040506070809" "10111213141516171819"
    "20212223242526272829" "30313233343536373839"
    "40414243444546474849" "50515253545556575859"
    "60616263646566676869" "70717273747576777879"
    "80818283848586878889" "90919293949596979899";


permit_code_t
permit_rules_identifier(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules)
{
    char           c;
    size_t         i;
    permit_text_t  text;

    (void) rules;

    text = permit->given[id].text;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
            && !permit_rules_is_digit(c) && c != '-')
        {
            return PERMIT_INVALID_FORMAT;
        }
    }

    permit->stored[id][0] = text;

    return PERMIT_GOOD;
}


permit_code_t
permit_rules_amount(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules)
{
    size_t         i, point, zeros;
    uint64_t       cents;
    permit_text_t  text;

    (void) rules;

    text = permit->given[id].text;

    if (text.len < sizeof("0.00") - 1) {
        return PERMIT_INVALID_FORMAT;
    }

    point = text.len - 3;
    cents = 0;

    for (i = 0; i < text.len; i++) {

        if (i == point) {
            if (text.data[i] != '.') {
                return PERMIT_INVALID_FORMAT;
            }

            continue;
        }

        if (!permit_rules_is_digit(text.data[i])) {
            return PERMIT_INVALID_FORMAT;
        }

        cents = cents * 10 + (uint64_t) (text.data[i] - '0');
    }

    if (cents == 0) {
        return PERMIT_OUT_OF_RANGE;
    }

    for (zeros = 0; zeros < point - 1 && text.data[zeros] == '0'; zeros++) {
        /* void */
    }

    permit->stored[id][0].data = text.data + zeros;
    permit->stored[id][0].len = text.len - zeros;
    permit->stored[id][1] = permit_rules_keep_number(permit, cents);

    return PERMIT_GOOD;
}


permit_code_t
permit_rules_currency(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules)
{
    char           upper[PERMIT_MAX_CURRENCY];
    size_t         i;
    permit_text_t  text;

    text = permit->given[id].text;

    if (permit_rules_has_control(text)) {
        return PERMIT_INVALID_FORMAT;
    }

    /* ten characters may have more bytes than any code */

    if (text.len > PERMIT_MAX_CURRENCY) {
        return PERMIT_UNSUPPORTED;
    }

    for (i = 0; i < text.len; i++) {
        upper[i] = permit_rules_upper(text.data[i]);
    }

    for (i = 0; i < rules->ncurrencies; i++) {

        if (rules->currencies[i].len == text.len
            && memcmp(rules->currencies[i].data, upper, text.len) == 0)
        {
            permit->stored[id][0] = rules->currencies[i];
            return PERMIT_GOOD;
        }
    }

    return PERMIT_UNSUPPORTED;
}


permit_code_t
permit_rules_time(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules)
{
    char           normal[PERMIT_TIME_LEN];
    int64_t        seconds;
    permit_code_t  code;
    permit_text_t  text;

    (void) rules;

    text = permit->given[id].text;

    code = permit_time_parse(text, &seconds);

    if (code != PERMIT_GOOD) {
        return code;
    }

    memcpy(normal, text.data, PERMIT_TIME_LEN - 1);
    normal[PERMIT_TIME_LEN - 1] = 'Z';

    permit->stored[id][0] = permit_rules_keep(permit, normal, PERMIT_TIME_LEN);
    permit->stored[id][1] = permit_rules_keep_number(permit,
                                                     (uint64_t) seconds);

    permit_rules_set_seconds(permit, id, seconds);

    return PERMIT_GOOD;
}


static void
permit_rules_set_seconds(permit_t *permit, permit_id_t id, int64_t seconds)
{
    switch (id) {

    case PERMIT_START:
        permit->start_ts = seconds;
        break;

    case PERMIT_END:
        permit->end_ts = seconds;
        break;

    default:
        permit->at_ts = seconds;
    }
}


permit_code_t
permit_rules_plate(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules)
{
    char          *p;
    size_t         i;
    permit_text_t  text;

    (void) rules;

    text = permit->given[id].text;

    if (permit_rules_has_control(text)) {
        return PERMIT_INVALID_FORMAT;
    }

    p = permit->scratch + permit->scratch_used;

    permit->stored[id][0].data = p;
    permit->stored[id][1] = text;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != ' ' && text.data[i] != '-') {
            *p++ = permit_rules_upper(text.data[i]);
        }
    }

    permit->stored[id][0].len = (size_t) (p - permit->stored[id][0].data);
    permit->scratch_used += permit->stored[id][0].len;

    return permit->stored[id][0].len ? PERMIT_GOOD : PERMIT_INVALID_FORMAT;
}


permit_code_t
permit_rules_text(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules)
{
    (void) rules;

    if (permit_rules_has_control(permit->given[id].text)) {
        return PERMIT_INVALID_FORMAT;
    }

    permit->stored[id][0] = permit->given[id].text;

    return PERMIT_GOOD;
}


/*
 * The limits of the table bound what the rules keep: 3 * (20 + 12) bytes of
 * times, 8 of cents and 100 of a plate fit into PERMIT_SCRATCH.
 */

static permit_text_t
permit_rules_keep(permit_t *permit, const char *data, size_t len)
{
    permit_text_t  text;

    text.data = memcpy(permit->scratch + permit->scratch_used, data, len);
    text.len = len;

    permit->scratch_used += len;

    return text;
}


static permit_text_t
permit_rules_keep_number(permit_t *permit, uint64_t number)
{
    char        *p, digits[20];
    const char  *pair;

    p = digits + sizeof(digits);

    while (number > 9) {
        pair = &permit_rules_pairs[number % 100 * 2];
        number /= 100;

        *--p = pair[1];
        *--p = pair[0];
    }

    if (number || p == digits + sizeof(digits)) {
        *--p = (char) ('0' + number);
    }

    return permit_rules_keep(permit, p, (size_t) (digits + sizeof(digits) - p));
}


static bool
permit_rules_has_control(permit_text_t text)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text.len; i++) {
        c = (unsigned char) text.data[i];

        if (c < 0x20 || c == 0x7f) {
            return true;
        }
    }

    return false;
}


static char
permit_rules_upper(char c)
{
    return (c >= 'a' && c <= 'z') ? (char) (c - 'a' + 'A') : c;
}


static bool
permit_rules_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
