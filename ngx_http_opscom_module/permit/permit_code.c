
/* The names of what can be wrong with an attribute. */


#include "permit_code.h"


static const struct {
    const char *name;
    const char *phrase;
} permit_codes[PERMIT_CODES] = {

    [PERMIT_GOOD] = { "", "" },
    [PERMIT_INVALID_TYPE] = { "invalid_type", "must be a JSON string" },
    [PERMIT_CONFLICTING] = { "conflicting",
        "is given more than once with different values" },
    [PERMIT_MISSING] = { "missing", "is required" },
    [PERMIT_TOO_LONG] = { "too_long", "is too long" },
    [PERMIT_INVALID_FORMAT] = { "invalid_format",
        "is not in the accepted form" },
    [PERMIT_OUT_OF_RANGE] = { "out_of_range", "is out of range" },
    [PERMIT_UNSUPPORTED] = { "unsupported", "is not supported here" },
    [PERMIT_END_NOT_AFTER_START] = { "end_not_after_start",
        "must be later than the start" },
};


const char *
permit_code_name(permit_code_t code)
{
    return permit_codes[code].name;
}


const char *
permit_code_phrase(permit_code_t code)
{
    return permit_codes[code].phrase;
}
