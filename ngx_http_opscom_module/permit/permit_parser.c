
#include <string.h>

#include <yajl/yajl_parse.h>

#include "permit_guard.h"
#include "permit_heap.h"
#include "permit_parser.h"


#define PERMIT_TEXT_ROOM 128 /* the documented body has some 110 bytes */


struct permit_parser_s {
    permit_t              *permit;
    const permit_form_t   *form;
    const permit_memory_t *memory;

    yajl_handle      yajl;
    yajl_alloc_funcs yajl_memory;
    permit_heap_t    heap;
    permit_guard_t   guard;

    size_t         max_body; /* SIZE_MAX: no limit */
    size_t         received;
    size_t         mark; /* bytes of a byte order mark seen */
    size_t         offset;
    const char    *reason;
    permit_parse_t outcome; /* of all that came so far */

    unsigned    depth;
    permit_id_t current;  /* the attribute the next value is of */
    bool        complete; /* the outermost value has ended */
    bool        an_object;

    size_t room_used; /* short values need no allocation */
    char   room[PERMIT_TEXT_ROOM];
};


static size_t permit_parser_mark(
    permit_parser_t *parser, const char *data, size_t len);
static permit_parse_t permit_parser_json(
    permit_parser_t *parser, const char *data, size_t len);
static permit_parse_t permit_parser_trailing(
    permit_parser_t *parser, const char *data, size_t len, size_t from);
static permit_parse_t permit_parser_verdict(
    permit_parser_t *parser, permit_guard_verdict_t verdict);
static permit_parse_t permit_parser_malformed(
    permit_parser_t *parser, size_t offset, const char *reason);

static int permit_parser_value(
    permit_parser_t *parser, bool absent, const permit_text_t *text);
static void permit_parser_said(permit_parser_t *parser, permit_text_t text);
static const char *permit_parser_keep(
    permit_parser_t *parser, permit_text_t text);
static permit_text_t permit_parser_trim(permit_text_t text);

static int permit_on_null(void *ctx);
static int permit_on_boolean(void *ctx, int value);
static int permit_on_number(void *ctx, const char *data, size_t len);
static int permit_on_string(void *ctx, const unsigned char *data, size_t len);
static int permit_on_key(void *ctx, const unsigned char *data, size_t len);
static int permit_on_start_map(void *ctx);
static int permit_on_start_array(void *ctx);
static int permit_on_end(void *ctx);


static const yajl_callbacks permit_callbacks = {
    .yajl_null = permit_on_null,
    .yajl_boolean = permit_on_boolean,
    .yajl_number = permit_on_number,
    .yajl_string = permit_on_string,
    .yajl_start_map = permit_on_start_map,
    .yajl_map_key = permit_on_key,
    .yajl_end_map = permit_on_end,
    .yajl_start_array = permit_on_start_array,
    .yajl_end_array = permit_on_end,
};


static const unsigned char permit_mark[] = { 0xef, 0xbb, 0xbf };


permit_parser_t *
permit_parser_create(permit_t *permit, const permit_form_t *form,
    const permit_rules_t *rules, const permit_memory_t *memory)
{
    permit_parser_t *parser;

    parser = memory->alloc(memory->ctx, sizeof(permit_parser_t));
    if (parser == NULL) {
        return NULL;
    }

    memset(parser, 0, offsetof(permit_parser_t, room));
    memset(permit, 0, offsetof(permit_t, scratch));

    permit->form = form;

    parser->permit = permit;
    parser->form = form;
    parser->memory = memory;
    parser->current = PERMIT_NO_ATTRIBUTE;
    parser->max_body = rules->max_body ? rules->max_body : SIZE_MAX;

    /* no token is longer than its body */

    parser->guard.bounded = parser->max_body > PERMIT_MAX_TOKEN;

    permit_heap_init(&parser->heap, memory, &parser->yajl_memory);

    if (setjmp(parser->heap.no_memory)) {
        return NULL;
    }

    parser->yajl = yajl_alloc(&permit_callbacks, &parser->yajl_memory, parser);

    /* permit_guard does, and by RFC 3629 */

    yajl_config(parser->yajl, yajl_dont_validate_strings, 1);

    return parser;
}


permit_parse_t
permit_parser_feed(permit_parser_t *parser, const char *data, size_t len)
{
    size_t                 allowed, mark, fine;
    permit_guard_verdict_t verdict;

    if (parser->outcome != PERMIT_PARSE_OK) {
        return parser->outcome;
    }

    allowed = parser->max_body - parser->received;

    if (allowed > len) {
        allowed = len;
    }

    mark = permit_parser_mark(parser, data, allowed);

    if (parser->outcome != PERMIT_PARSE_OK) {
        return parser->outcome;
    }

    fine = permit_guard_pass(
        &parser->guard, data + mark, allowed - mark, &verdict);

    parser->outcome = permit_parser_json(parser, data + mark, fine);

    if (parser->outcome != PERMIT_PARSE_OK) {
        return parser->outcome;
    }

    parser->received += fine;

    if (verdict != PERMIT_GUARD_PASS) {
        parser->outcome = permit_parser_verdict(parser, verdict);

    } else if (allowed < len) {
        parser->outcome = PERMIT_PARSE_TOO_LARGE;
    }

    return parser->outcome;
}


permit_parse_t
permit_parser_finish(permit_parser_t *parser)
{
    if (parser->outcome != PERMIT_PARSE_OK) {
        return parser->outcome;
    }

    if (setjmp(parser->heap.no_memory)) {
        parser->outcome = PERMIT_PARSE_NO_MEMORY;
        return parser->outcome;
    }

    /* a number ends with the body: yajl tells of it here */

    if (!parser->complete) {
        (void) yajl_complete_parse(parser->yajl);
    }

    yajl_free(parser->yajl);
    parser->yajl = NULL;

    if (!parser->complete) {
        parser->outcome = permit_parser_malformed(
            parser, parser->received, "unexpected end");

    } else if (!parser->an_object) {
        parser->outcome = PERMIT_PARSE_NOT_AN_OBJECT;
    }

    return parser->outcome;
}


size_t
permit_parser_offset(const permit_parser_t *parser)
{
    return parser->offset;
}


const char *
permit_parser_reason(const permit_parser_t *parser)
{
    return parser->reason;
}


/* Skips what belongs to a byte order mark; returns how many bytes that were. */

static size_t
permit_parser_mark(permit_parser_t *parser, const char *data, size_t len)
{
    size_t n;

    for (n = 0; n < len; n++) {

        if (parser->mark != parser->received
            || parser->mark == sizeof(permit_mark)) {
            break;
        }

        if ((unsigned char) data[n] != permit_mark[parser->mark]) {

            if (parser->mark == 0) {
                break;
            }

            /* JSON starts with no such byte */

            parser->outcome = permit_parser_malformed(
                parser, parser->received, "unexpected character");
            break;
        }

        parser->mark++;
        parser->received++;
    }

    return n;
}


static permit_parse_t
permit_parser_json(permit_parser_t *parser, const char *data, size_t len)
{
    size_t      consumed;
    yajl_status status;

    if (parser->complete) {
        return permit_parser_trailing(parser, data, len, 0);
    }

    if (setjmp(parser->heap.no_memory)) {
        return PERMIT_PARSE_NO_MEMORY;
    }

    status = yajl_parse(parser->yajl, (const unsigned char *) data, len);

    if (status == yajl_status_ok) {
        return PERMIT_PARSE_OK;
    }

    consumed = yajl_get_bytes_consumed(parser->yajl);

    if (status == yajl_status_error) {
        return permit_parser_malformed(
            parser, parser->received + consumed, "unexpected character");
    }

    if (!parser->complete) {
        return permit_parser_malformed(
            parser, parser->received + consumed, "nested too deeply");
    }

    return permit_parser_trailing(parser, data, len, consumed);
}


/*
 * yajl would overlook an unfinished token behind the outermost value, so it is
 * stopped there: nothing but white space may follow.
 */

static permit_parse_t
permit_parser_trailing(
    permit_parser_t *parser, const char *data, size_t len, size_t from)
{
    size_t i;

    for (i = from; i < len; i++) {

        switch (data[i]) {

        case ' ':
        case '\t':
        case '\n':
        case '\r':
            continue;

        default:
            return permit_parser_malformed(
                parser, parser->received + i, "trailing text");
        }
    }

    return PERMIT_PARSE_OK;
}


static permit_parse_t
permit_parser_verdict(permit_parser_t *parser, permit_guard_verdict_t verdict)
{
    switch (verdict) {

    case PERMIT_GUARD_LONG_TOKEN:
        return PERMIT_PARSE_TOO_LARGE;

    case PERMIT_GUARD_BAD_UTF8:
        return permit_parser_malformed(
            parser, parser->received, "invalid UTF-8");

    case PERMIT_GUARD_BAD_ESCAPE:
        return permit_parser_malformed(
            parser, parser->received, "invalid \\u escape");

    default:
        return permit_parser_malformed(
            parser, parser->received, "unexpected control character");
    }
}


static permit_parse_t
permit_parser_malformed(
    permit_parser_t *parser, size_t offset, const char *reason)
{
    parser->offset = offset;
    parser->reason = reason;

    return PERMIT_PARSE_MALFORMED;
}


/*
 * A value has ended or begun; text is NULL unless it is a string.  Returns
 * what a yajl callback must: 0 stops yajl, as nothing may follow.
 */

static int
permit_parser_value(
    permit_parser_t *parser, bool absent, const permit_text_t *text)
{
    permit_said_t *said;

    if (parser->depth == 0) {
        parser->complete = true;
        return 0;
    }

    if (parser->depth > 1 || parser->current == PERMIT_NO_ATTRIBUTE) {
        return 1;
    }

    said = &parser->permit->said[parser->current];

    if (text) {
        permit_parser_said(parser, *text);

    } else if (!absent) {
        said->wrong_type = true;
    }

    parser->current = PERMIT_NO_ATTRIBUTE;

    return 1;
}


static void
permit_parser_said(permit_parser_t *parser, permit_text_t text)
{
    permit_said_t *said;

    said = &parser->permit->said[parser->current];

    if (parser->current != PERMIT_TOKEN) {
        text = permit_parser_trim(text);
    }

    if (text.len == 0) {
        return;
    }

    if (said->text.len == 0) {
        said->text.data = permit_parser_keep(parser, text);
        said->text.len = text.len;
        return;
    }

    if (said->text.len != text.len
        || memcmp(said->text.data, text.data, text.len) != 0)
    {
        said->conflicting = true;
    }
}


/* yajl's text is gone with the callback. */

static const char *
permit_parser_keep(permit_parser_t *parser, permit_text_t text)
{
    char *copy;

    if (text.len <= sizeof(parser->room) - parser->room_used) {
        copy = parser->room + parser->room_used;
        parser->room_used += text.len;

    } else {
        copy = parser->memory->alloc(parser->memory->ctx, text.len);
        if (copy == NULL) {
            longjmp(parser->heap.no_memory, 1);
        }
    }

    return memcpy(copy, text.data, text.len);
}


static permit_text_t
permit_parser_trim(permit_text_t text)
{
    static const char space[] = { ' ', '\t', '\r', '\n' };

    while (text.len && memchr(space, text.data[0], sizeof(space))) {
        text.data++;
        text.len--;
    }

    while (text.len && memchr(space, text.data[text.len - 1], sizeof(space))) {
        text.len--;
    }

    return text;
}


static int
permit_on_null(void *ctx)
{
    return permit_parser_value(ctx, true, NULL);
}


static int
permit_on_boolean(void *ctx, int value)
{
    (void) value;

    return permit_parser_value(ctx, false, NULL);
}


static int
permit_on_number(void *ctx, const char *data, size_t len)
{
    (void) data;
    (void) len;

    return permit_parser_value(ctx, false, NULL);
}


static int
permit_on_string(void *ctx, const unsigned char *data, size_t len)
{
    permit_text_t text;

    text.data = (const char *) data;
    text.len = len;

    return permit_parser_value(ctx, false, &text);
}


static int
permit_on_key(void *ctx, const unsigned char *data, size_t len)
{
    permit_text_t        name;
    permit_said_t       *said;
    permit_parser_t     *parser;
    const permit_text_t *found;

    parser = ctx;

    if (parser->depth > 1) {
        return 1;
    }

    name.data = (const char *) data;
    name.len = len;

    parser->current = permit_find(parser->form, name, &found);

    if (parser->current == PERMIT_NO_ATTRIBUTE) {
        return 1;
    }

    said = &parser->permit->said[parser->current];

    if (said->name == NULL) {
        said->name = found;
    }

    return 1;
}


static int
permit_on_start_map(void *ctx)
{
    permit_parser_t *parser;

    parser = ctx;

    if (parser->depth == 0) {
        parser->an_object = true;
    }

    return permit_on_start_array(ctx);
}


static int
permit_on_start_array(void *ctx)
{
    permit_parser_t *parser;

    parser = ctx;

    if (parser->depth == PERMIT_MAX_DEPTH) {
        return 0;
    }

    if (parser->depth > 0) {
        (void) permit_parser_value(parser, false, NULL);
    }

    parser->depth++;

    return 1;
}


static int
permit_on_end(void *ctx)
{
    permit_parser_t *parser;

    parser = ctx;

    if (--parser->depth == 0) {
        parser->complete = true;
        return 0;
    }

    return 1;
}
