
/*
 * Random bodies through permit/ and through the reference: they must agree.
 *
 *   permit_property [count [seed]]
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"


#define COUNT(table) (sizeof(table) / sizeof((table)[0]))


typedef struct {
    char   text[262144];
    size_t len;
} body_t;


static uint64_t state;


static unsigned
draw(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (unsigned) ((state >> 11) % n);
}


static void
put(body_t *body, const char *text, size_t len)
{
    if (body->len + len < sizeof(body->text)) {
        memcpy(body->text + body->len, text, len);
        body->len += len;
    }
}


static void
put_text(body_t *body, const char *text)
{
    put(body, text, strlen(text));
}


static void
put_space(body_t *body)
{
    static const char *spaces[] = { " ", "\n", "\t", "\r\n", "  " };

    while (draw(6) == 0) {
        put_text(body, spaces[draw(COUNT(spaces))]);
    }
}


/* Text as a JSON string, with unnecessary escapes. */

static void
put_string(body_t *body, const char *text)
{
    char escape[8];

    put_text(body, "\"");

    for (; *text; text++) {

        if ((unsigned char) *text < 0x80 && *text != '\\' && draw(40) == 0) {
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char) *text);
            put_text(body, escape);

        } else {
            put(body, text, 1);
        }
    }

    put_text(body, "\"");
}


static void
random_time(char *out, size_t size)
{
    static const char *shapes[] = { "%04u-%02u-%02uT%02u:%02u:%02u",
        "%04u-%02u-%02uT%02u:%02u:%02uZ", "%04u-%02u-%02u %02u:%02u:%02u",
        "%u-%u-%uT%u:%u:%u", "%04u-%02u-%02uT%02u:%02u:%02u.0Z" };

    snprintf(out, size, shapes[draw(4) ? draw(2) : draw(COUNT(shapes))],
        draw(8)       ? 2018
            : draw(2) ? 1960 + draw(20)
                      : draw(10000),
        draw(14), draw(33), draw(26), draw(62), draw(62));
}


static void
random_amount(char *out, size_t size)
{
    static const char *shapes[] = { "%u.%02u", "%06u.%02u", "%u.%u", "%u,%02u",
        "-%u.%02u", "%u%u" };

    snprintf(out, size, shapes[draw(3) ? draw(2) : draw(COUNT(shapes))],
        draw(3) ? draw(100) : draw(10000000), draw(3) ? draw(100) : 0);
}


static void
random_text(char *out, size_t size)
{
    size_t             len;
    const char        *part;
    static const char *parts[] = { "A", "b", "7", " ", "-", "\xc3\xa9",
        "\xe2\x82\xac", "\xf0\x9f\x9a\x97", "\x7f", "\\u0000", "\\n", "\\t",
        "\\\"", "\\\\", "\\ud83d\\ude97", "\\u00e9", "xxxxxxxxxx", "Lot 4",
        "/" };

    out[0] = '\0';

    for (len = draw(4) ? draw(12) : draw(60); len; len--) {
        part = parts[draw(draw(5) ? 5 : COUNT(parts))];

        if (strlen(out) + strlen(part) + 1 < size) {
            strcat(out, part);
        }
    }
}


static void
put_junk(body_t *body, unsigned depth)
{
    unsigned i, n;

    static const char *scalars[] = { "null", "true", "false", "0", "-1.5e9",
        "\"\"", "\"plate\"", "12345678901234567890" };

    if (depth == 0 || draw(3)) {
        put_text(body, scalars[draw(COUNT(scalars))]);
        return;
    }

    n = draw(3);

    if (draw(2)) {
        put_text(body, "[");

        for (i = 0; i < n; i++) {
            put_text(body, i ? "," : "");
            put_junk(body, depth - 1);
        }

        put_text(body, "]");
        return;
    }

    put_text(body, "{");

    for (i = 0; i < n; i++) {
        put_text(body, i ? ",\"plate\":" : "\"endTime\":");
        put_junk(body, depth - 1);
    }

    put_text(body, "}");
}


static void
put_member(body_t *body)
{
    char        text[4096];
    const char *name;

    static const char *names[] = { "apiToken", "amount", "Amount", "currency",
        "CurrencyID", "startTime", "StartDateUtc", "endTime", "EndDateUtc",
        "plate", "LicencePlate", "permitNo", "TicketNumber", "zone",
        "ParkingZoneName", "referenceid", "referenceID", "reference_id",
        "at", "Plate", "x", "" };
    static const char *currencies[] = { "CAD", "usd", "EUR", "Cad ",
        "CADCADCADCA" };

    name = names[draw(COUNT(names))];

    put_space(body);
    put_string(body, name);
    put_space(body);
    put_text(body, ":");
    put_space(body);

    if (draw(8) == 0) {
        put_junk(body, draw(5) ? 2 : 35);
        return;
    }

    switch (strcmp(name, "at") == 0 ? 's' : draw(5) ? name[0] : 0) {

    case 'a':
    case 'A':
        random_amount(text, sizeof(text));
        break;

    case 's':
    case 'S':
    case 'e':
    case 'E':
        random_time(text, sizeof(text));
        break;

    case 'c':
    case 'C':
        strcpy(text, currencies[draw(COUNT(currencies))]);
        break;

    default:
        random_text(text, sizeof(text));
    }

    put_string(body, text);
}


static void
random_body(body_t *body)
{
    unsigned i, n;

    body->len = 0;

    if (draw(50) == 0) {
        put_text(body, "\xef\xbb\xbf");
    }

    if (draw(40) == 0) {
        put_junk(body, 3);
        return;
    }

    put_space(body);
    put_text(body, "{");

    n = draw(14);

    for (i = 0; i < n; i++) {
        put_text(body, i ? "," : "");
        put_member(body);
    }

    put_space(body);
    put_text(body, "}");
    put_space(body);
}


/* An array of bodies, and of what else may stand there. */

static void
random_array(body_t *body)
{
    unsigned      i, n;
    static body_t element;

    body->len = 0;

    if (draw(30) == 0) {
        put_text(body, "\xef\xbb\xbf");
    }

    put_space(body);
    put_text(body, "[");

    n = draw(12);

    for (i = 0; i < n; i++) {
        put_text(body, i ? "," : "");
        put_space(body);

        if (draw(5)) {
            random_body(&element);
            put(body, element.text, element.len);

        } else {
            put_junk(body, draw(20) ? 2 : 33);
        }

        put_space(body);
    }

    put_text(body, "]");
    put_space(body);
}


/* Bytes changed, lost, doubled, as on a faulty connection. */

static void
damage(body_t *body)
{
    size_t            at;
    static const char bytes[] =
        "{}[]:,\"\\ux0-+.eE \t\v\f\x01\x80\xc0\xed\xf4\xff";

    while (body->len && draw(3)) {
        at = draw((unsigned) body->len);

        switch (draw(3)) {

        case 0:
            body->text[at] = bytes[draw(sizeof(bytes))];
            break;

        case 1:
            memmove(body->text + at, body->text + at + 1, body->len - at - 1);
            body->len--;
            break;

        default:
            body->len = at;
        }
    }
}


static void
lengthen(body_t *body, int array)
{
    size_t i;

    body->len = 0;
    put_text(body, array ? "[{},{\"x\":\"" : "{\"x\":\"");

    for (i = 65530 + draw(12); i; i--) {
        put_text(body, "y");
    }

    put_text(body, draw(4) ? "\"}" : "");
    put_text(body, array ? ",{}]" : "");
}


int
main(int argc, char **argv)
{
    static body_t      body;
    static const char *schemas[] = { "push", "push", "push", "update",
        "delete", "lookup" };

    int           array;
    size_t        max_body;
    const char   *schema;
    uint64_t      split;
    unsigned long i, count, differences;

    count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    state = state * 2654435769u + 88172645463325252u;
    differences = 0;

    for (i = 0; i < count; i++) {
        array = draw(3) == 0;

        if (array) {
            random_array(&body);

        } else {
            random_body(&body);
        }

        if (draw(4) == 0) {
            damage(&body);
        }

        if (draw(5000) == 0) {
            lengthen(&body, array);
        }

        max_body = draw(10) ? 16384 : draw(2) ? 0 : draw(200) + 1;
        schema = array ? "array" : schemas[draw(COUNT(schemas))];
        split = draw(3) ? state : 0;

        if (array ? compare_array((uint8_t *) body.text, body.len, max_body,
                                  split)
                  : compare_body(schema, (uint8_t *) body.text, body.len,
                                 max_body, split))
        {
            fprintf(stderr, "body %lu, %s, at most %zu:\n%.*s\n", i, schema,
                max_body, (int) body.len, body.text);

            if (++differences == 10) {
                break;
            }
        }
    }

    printf("%lu random bodies, %lu differences\n", i, differences);

    return differences != 0;
}
