
/* yajl, its callbacks and what they keep of a value: see permit_json.h. */


#include <string.h>

#include "permit_attributes.h"
#include "permit_bytes.h"
#include "permit_json.h"


static int permit_json_value(permit_json_t *json, bool absent,
    const permit_text_t *text);
static void permit_json_set(permit_json_t *json, permit_text_t text);
static const char *permit_json_keep(permit_json_t *json, permit_text_t text);
static permit_text_t permit_json_trim(permit_text_t text);

static int permit_json_on_null(void *ctx);
static int permit_json_on_boolean(void *ctx, int value);
static int permit_json_on_number(void *ctx, const char *data, size_t len);
static int permit_json_on_string(void *ctx, const unsigned char *data,
    size_t len);
static int permit_json_on_key(void *ctx, const unsigned char *data, size_t len);
static int permit_json_on_start_map(void *ctx);
static int permit_json_on_start_array(void *ctx);
static int permit_json_on_end(void *ctx);


static const yajl_callbacks permit_callbacks = {
    .yajl_null = permit_json_on_null,
    .yajl_boolean = permit_json_on_boolean,
    .yajl_number = permit_json_on_number,
    .yajl_string = permit_json_on_string,
    .yajl_start_map = permit_json_on_start_map,
    .yajl_map_key = permit_json_on_key,
    .yajl_end_map = permit_json_on_end,
    .yajl_start_array = permit_json_on_start_array,
    .yajl_end_array = permit_json_on_end,
};


void
permit_json_init(permit_json_t *json, const permit_memory_t *memory,
    void *buffer, size_t size)
{
    permit_heap_init(&json->heap, memory, buffer, size, &json->functions);
}


bool
permit_json_start(permit_json_t *json, permit_t *permit,
    const permit_schema_t *schema, const permit_memory_t *memory)
{
    jmp_buf  no_memory;

    memset(permit, 0, offsetof(permit_t, scratch));

    permit->schema = schema;

    json->permit = permit;
    json->schema = schema;
    json->memory = memory;
    json->depth = 0;
    json->current = PERMIT_NO_ATTRIBUTE;
    json->complete = false;
    json->an_object = false;

    json->heap.no_memory = &no_memory;

    if (setjmp(no_memory)) {
        return false;
    }

    json->yajl = yajl_alloc(&permit_callbacks, &json->functions, json);

    /* permit_scan does, and by RFC 3629 */

    yajl_config(json->yajl, yajl_dont_validate_strings, 1);

    return true;
}


permit_json_status_t
permit_json_feed(permit_json_t *json, const char *data, size_t len,
    size_t *consumed)
{
    jmp_buf      no_memory;
    yajl_status  status;

    *consumed = 0;

    json->heap.no_memory = &no_memory;

    if (setjmp(no_memory)) {
        return PERMIT_JSON_NO_MEMORY;
    }

    status = yajl_parse(json->yajl, (const unsigned char *) data, len);

    if (status == yajl_status_ok) {
        *consumed = len;
        return PERMIT_JSON_MORE;
    }

    *consumed = yajl_get_bytes_consumed(json->yajl);

    if (status == yajl_status_error) {
        return PERMIT_JSON_MALFORMED;
    }

    /* a callback has stopped yajl, which cannot go on then */

    return json->complete ? PERMIT_JSON_DONE : PERMIT_JSON_TOO_DEEP;
}


permit_json_status_t
permit_json_finish(permit_json_t *json)
{
    jmp_buf  no_memory;

    json->heap.no_memory = &no_memory;

    if (setjmp(no_memory)) {
        return PERMIT_JSON_NO_MEMORY;
    }

    (void) yajl_complete_parse(json->yajl);

    return json->complete ? PERMIT_JSON_DONE : PERMIT_JSON_MALFORMED;
}


void
permit_json_end(permit_json_t *json)
{
    /* most values need nothing but the buffer */

    if (json->heap.outside) {
        yajl_free(json->yajl);
    }

    json->yajl = NULL;

    permit_heap_reset(&json->heap);
}


/*
 * A value has ended or begun; text is NULL unless it is a string.  Returns
 * what a yajl callback must: 0 stops yajl, as nothing may follow.
 */

static int
permit_json_value(permit_json_t *json, bool absent,
    const permit_text_t *text)
{
    permit_given_t  *given;

    if (json->depth == 0) {
        json->complete = true;
        return 0;
    }

    /* a name is known of the outermost object's members only */

    if (json->current == PERMIT_NO_ATTRIBUTE) {
        return 1;
    }

    given = &json->permit->given[json->current];

    if (text) {
        permit_json_set(json, *text);

    } else if (!absent) {
        given->wrong_type = true;
    }

    json->current = PERMIT_NO_ATTRIBUTE;

    return 1;
}


static void
permit_json_set(permit_json_t *json, permit_text_t text)
{
    permit_given_t  *given;

    given = &json->permit->given[json->current];

    if (json->current != PERMIT_TOKEN) {
        text = permit_json_trim(text);
    }

    if (text.len == 0) {
        return;
    }

    if (given->text.len == 0) {
        given->text.data = permit_json_keep(json, text);
        given->text.len = text.len;
        return;
    }

    if (given->text.len != text.len
        || memcmp(given->text.data, text.data, text.len) != 0)
    {
        given->conflicting = true;
    }
}


/* yajl's text is valid only during the callback. */

static const char *
permit_json_keep(permit_json_t *json, permit_text_t text)
{
    char      *copy;
    permit_t  *permit;

    permit = json->permit;

    if (text.len <= sizeof(permit->text) - permit->text_used) {
        copy = permit->text + permit->text_used;
        permit->text_used += text.len;

    } else {
        copy = json->memory->alloc(json->memory->ctx, text.len);
        if (copy == NULL) {
            longjmp(*json->heap.no_memory, 1);
        }
    }

    return memcpy(copy, text.data, text.len);
}


static permit_text_t
permit_json_trim(permit_text_t text)
{
    size_t  space;

    space = permit_bytes_skip_space(text.data, text.len);

    text.data += space;
    text.len -= space;

    while (text.len && permit_bytes_is_space(text.data[text.len - 1])) {
        text.len--;
    }

    return text;
}


static int
permit_json_on_null(void *ctx)
{
    return permit_json_value(ctx, true, NULL);
}


static int
permit_json_on_boolean(void *ctx, int value)
{
    (void) value;

    return permit_json_value(ctx, false, NULL);
}


static int
permit_json_on_number(void *ctx, const char *data, size_t len)
{
    (void) data;
    (void) len;

    return permit_json_value(ctx, false, NULL);
}


static int
permit_json_on_string(void *ctx, const unsigned char *data, size_t len)
{
    permit_text_t  text;

    text.data = (const char *) data;
    text.len = len;

    return permit_json_value(ctx, false, &text);
}


static int
permit_json_on_key(void *ctx, const unsigned char *data, size_t len)
{
    permit_text_t         name;
    permit_given_t       *given;
    permit_json_t        *json;
    const permit_text_t  *found;

    json = ctx;

    if (json->depth > 1) {
        return 1;
    }

    name.data = (const char *) data;
    name.len = len;

    json->current = permit_attributes_find(json->schema, name, &found);

    if (json->current == PERMIT_NO_ATTRIBUTE) {
        return 1;
    }

    given = &json->permit->given[json->current];

    if (given->name == NULL) {
        given->name = found;
    }

    return 1;
}


static int
permit_json_on_start_map(void *ctx)
{
    permit_json_t  *json;

    json = ctx;

    if (json->depth == 0) {
        json->an_object = true;
    }

    return permit_json_on_start_array(ctx);
}


static int
permit_json_on_start_array(void *ctx)
{
    permit_json_t  *json;

    json = ctx;

    if (json->depth == PERMIT_MAX_DEPTH) {
        return 0;
    }

    if (json->depth > 0) {
        (void) permit_json_value(json, false, NULL);
    }

    json->depth++;

    return 1;
}


static int
permit_json_on_end(void *ctx)
{
    permit_json_t  *json;

    json = ctx;

    if (--json->depth == 0) {
        json->complete = true;
        return 0;
    }

    return 1;
}
