
/* What is around the elements of an array of bodies: see permit_array.h. */


#include <string.h>

#include "permit_array.h"
#include "permit_bytes.h"
#include "permit_json.h"
#include "permit_scan.h"


/*
 * In bytes: what yajl needs for any value but one with long tokens, so that
 * its smaller blocks, which a memory may never free, are always in the buffer.
 */
#define PERMIT_ARRAY_BUFFER (PERMIT_JSON_BUFFER + 2 * 2064)


typedef enum {
    PERMIT_ARRAY_START = 0, /* nothing came yet but white space */
    PERMIT_ARRAY_FIRST,     /* after the bracket */
    PERMIT_ARRAY_NEXT,      /* after a comma */
    PERMIT_ARRAY_VALUE,     /* in an element */
    PERMIT_ARRAY_AFTER,     /* behind an element */
    PERMIT_ARRAY_END,       /* behind the array */
    PERMIT_ARRAY_OTHER,     /* in a value that is not an array */
    PERMIT_ARRAY_OTHER_END  /* behind it */
} permit_array_state_t;


struct permit_array_s {
    permit_array_state_t    state;
    permit_scan_t           scan;
    permit_scan_status_t    status;   /* of the byte behind ahead */
    size_t                  ahead;    /* bytes that were scanned already */
    size_t                  max_body; /* SIZE_MAX: no limit */
    size_t                  element;  /* bytes of the element so far */
    size_t                  received; /* bytes consumed */
    size_t                  bom;      /* bytes of a byte order mark seen */
    size_t                  offset;
    const char             *reason;
    permit_parse_t          outcome;  /* of all that came so far */

    permit_t               *permit; /* of the next element */
    const permit_schema_t  *schema;
    const permit_memory_t  *memory;

    permit_json_t  json;
    void          *buffer[PERMIT_ARRAY_BUFFER / sizeof(void *)];
};


static permit_parse_t permit_array_run(permit_array_t *array,
    const char **pos, const char *end);
static permit_parse_t permit_array_between(permit_array_t *array,
    const char **pos);
static permit_parse_t permit_array_begin(permit_array_t *array,
    permit_array_state_t state);
static permit_parse_t permit_array_value(permit_array_t *array,
    const char **pos, const char *end);
static permit_parse_t permit_array_done(permit_array_t *array);
static permit_parse_t permit_array_full(permit_array_t *array, char next);
static permit_parse_t permit_array_stopped(permit_array_t *array, char next);
static bool permit_array_in_value(const permit_array_t *array);
static permit_parse_t permit_array_malformed(permit_array_t *array,
    const char *reason);


permit_array_t *
permit_array_create(permit_t *permit, const permit_schema_t *schema,
    const permit_rules_t *rules, const permit_memory_t *memory)
{
    permit_array_t  *array;

    array = memory->alloc(memory->ctx, sizeof(permit_array_t));
    if (array == NULL) {
        return NULL;
    }

    memset(array, 0, offsetof(permit_array_t, json));

    array->permit = permit;
    array->schema = schema;
    array->memory = memory;
    array->max_body = rules->max_body ? rules->max_body : SIZE_MAX;
    array->scan.bounded = array->max_body > PERMIT_MAX_TOKEN;

    permit_json_init(&array->json, memory, array->buffer,
                     sizeof(array->buffer));

    return array;
}


void
permit_array_set_permit(permit_array_t *array, permit_t *permit,
    const permit_memory_t *memory)
{
    array->permit = permit;
    array->memory = memory;
}


permit_parse_t
permit_array_feed(permit_array_t *array, const char *data, size_t len,
    size_t *consumed)
{
    bool            broken;
    size_t          fine, bom;
    const char     *p;
    permit_parse_t  outcome;

    *consumed = 0;

    if (array->outcome != PERMIT_PARSE_OK) {
        return array->outcome;
    }

    bom = permit_bytes_skip_bom(&array->bom, array->received, data, len,
                                &broken);
    array->received += bom;

    if (broken) {
        array->outcome = permit_array_malformed(array, "unexpected character");
        return array->outcome;
    }

    data += bom;
    len -= bom;

    /* what was fed before and not consumed was scanned then */

    if (array->ahead < len && array->status == PERMIT_SCAN_OK) {
        array->ahead += permit_scan_feed(&array->scan, data + array->ahead,
                                          len - array->ahead, &array->status);
    }

    fine = array->ahead < len ? array->ahead : len;

    p = data;
    outcome = permit_array_run(array, &p, data + fine);

    array->ahead -= (size_t) (p - data);
    *consumed = bom + (size_t) (p - data);

    if (outcome == PERMIT_PARSE_OK && fine < len) {
        outcome = permit_array_stopped(array, data[fine]);
    }

    if (outcome != PERMIT_PARSE_ELEMENT
        && outcome != PERMIT_PARSE_NOT_AN_OBJECT)
    {
        array->outcome = outcome;
    }

    return outcome;
}


permit_parse_t
permit_array_finish(permit_array_t *array)
{
    if (array->outcome != PERMIT_PARSE_OK) {
        return array->outcome;
    }

    if (array->state == PERMIT_ARRAY_OTHER) {

        /* a number ends with the body */

        switch (permit_json_finish(&array->json)) {

        case PERMIT_JSON_DONE:
            array->state = PERMIT_ARRAY_OTHER_END;
            break;

        case PERMIT_JSON_NO_MEMORY:
            array->outcome = PERMIT_PARSE_NO_MEMORY;
            return array->outcome;

        default:
            break;
        }
    }

    switch (array->state) {

    case PERMIT_ARRAY_END:
        break;

    case PERMIT_ARRAY_OTHER_END:
        array->outcome = PERMIT_PARSE_NOT_AN_ARRAY;
        break;

    default:
        array->outcome = permit_array_malformed(array, "unexpected end");
    }

    return array->outcome;
}


size_t
permit_array_offset(const permit_array_t *array)
{
    return array->offset;
}


const char *
permit_array_reason(const permit_array_t *array)
{
    return array->reason;
}


/* Up to the end, the next element's end or an error; moves pos. */

static permit_parse_t
permit_array_run(permit_array_t *array, const char **pos, const char *end)
{
    size_t          space;
    const char     *start;
    permit_parse_t  outcome;

    while (*pos < end) {
        start = *pos;

        if (permit_array_in_value(array)) {
            outcome = permit_array_value(array, pos, end);

        } else {
            space = permit_bytes_skip_space(*pos, (size_t) (end - *pos));
            *pos += space;

            outcome = *pos == end ? PERMIT_PARSE_OK
                                  : permit_array_between(array, pos);
        }

        array->received += (size_t) (*pos - start);

        if (outcome == PERMIT_PARSE_MALFORMED) {
            array->offset = array->received;
        }

        if (outcome != PERMIT_PARSE_OK) {
            return outcome;
        }
    }

    return PERMIT_PARSE_OK;
}


/* A byte outside the elements; one that starts an element is not consumed. */

static permit_parse_t
permit_array_between(permit_array_t *array, const char **pos)
{
    char  c;

    c = **pos;

    switch (array->state) {

    case PERMIT_ARRAY_START:
        if (c != '[') {
            return permit_array_begin(array, PERMIT_ARRAY_OTHER);
        }

        array->state = PERMIT_ARRAY_FIRST;
        break;

    case PERMIT_ARRAY_FIRST:
        if (c != ']') {
            return permit_array_begin(array, PERMIT_ARRAY_VALUE);
        }

        array->state = PERMIT_ARRAY_END;
        break;

    case PERMIT_ARRAY_NEXT:
        return permit_array_begin(array, PERMIT_ARRAY_VALUE);

    case PERMIT_ARRAY_AFTER:
        if (c != ',' && c != ']') {
            return permit_array_malformed(array, "unexpected character");
        }

        array->state = c == ',' ? PERMIT_ARRAY_NEXT : PERMIT_ARRAY_END;
        break;

    default:
        return permit_array_malformed(array,
                                "unexpected text after the end of the value");
    }

    (*pos)++;

    return PERMIT_PARSE_OK;
}


static permit_parse_t
permit_array_begin(permit_array_t *array, permit_array_state_t state)
{
    array->state = state;
    array->element = 0;

    return permit_json_start(&array->json, array->permit, array->schema,
                             array->memory)
           ? PERMIT_PARSE_OK : PERMIT_PARSE_NO_MEMORY;
}


static permit_parse_t
permit_array_value(permit_array_t *array, const char **pos, const char *end)
{
    size_t                allowed, consumed;
    permit_json_status_t  status;

    allowed = array->max_body - array->element;

    if (allowed == 0) {
        return permit_array_full(array, **pos);
    }

    if (allowed > (size_t) (end - *pos)) {
        allowed = (size_t) (end - *pos);
    }

    status = permit_json_feed(&array->json, *pos, allowed, &consumed);

    array->element += consumed;
    *pos += consumed;

    switch (status) {

    case PERMIT_JSON_MORE:
        return PERMIT_PARSE_OK;

    case PERMIT_JSON_DONE:
        return permit_array_done(array);

    case PERMIT_JSON_MALFORMED:
        return permit_array_malformed(array, "unexpected character");

    case PERMIT_JSON_TOO_DEEP:
        return permit_array_malformed(array, "nested too deeply");

    default:
        return PERMIT_PARSE_NO_MEMORY;
    }
}


static permit_parse_t
permit_array_done(permit_array_t *array)
{
    permit_json_end(&array->json);

    if (array->state == PERMIT_ARRAY_OTHER) {
        array->state = PERMIT_ARRAY_OTHER_END;
        return PERMIT_PARSE_OK;
    }

    array->state = PERMIT_ARRAY_AFTER;

    return array->json.an_object ? PERMIT_PARSE_ELEMENT
                                 : PERMIT_PARSE_NOT_AN_OBJECT;
}


/*
 * The element is as large as it may be, and another byte has come: too much,
 * unless the element is a number, which ends where something else begins.
 */

static permit_parse_t
permit_array_full(permit_array_t *array, char next)
{
    if (next && strchr("0123456789.eE", next)) {
        return PERMIT_PARSE_TOO_LARGE;
    }

    switch (permit_json_finish(&array->json)) {

    case PERMIT_JSON_DONE:
        return permit_array_done(array);

    case PERMIT_JSON_NO_MEMORY:
        return PERMIT_PARSE_NO_MEMORY;

    default:
        return PERMIT_PARSE_TOO_LARGE;
    }
}


/* All before the next byte was consumed, and permit_scan refused that byte. */

static permit_parse_t
permit_array_stopped(permit_array_t *array, char next)
{
    permit_parse_t  outcome;

    if (permit_array_in_value(array) && array->element == array->max_body) {
        outcome = permit_array_full(array, next);

        if (outcome != PERMIT_PARSE_OK) {
            return outcome;
        }
    }

    if (array->status == PERMIT_SCAN_LONG_TOKEN) {
        return PERMIT_PARSE_TOO_LARGE;
    }

    return permit_array_malformed(array, permit_scan_reason(array->status));
}


static bool
permit_array_in_value(const permit_array_t *array)
{
    return array->state == PERMIT_ARRAY_VALUE
           || array->state == PERMIT_ARRAY_OTHER;
}


/* Behind what was received; permit_array_run() adds what is consumed now. */

static permit_parse_t
permit_array_malformed(permit_array_t *array, const char *reason)
{
    array->offset = array->received;
    array->reason = reason;

    return PERMIT_PARSE_MALFORMED;
}
