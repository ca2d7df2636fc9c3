
/*
 * Any bytes as a body, split in any way: permit/ must not misbehave, and must
 * agree with the reference.  The first three bytes choose the endpoint, the
 * bound on the body and how it is split.
 */


#include <stdint.h>
#include <stdlib.h>

#include "compare.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char  *schemas[] = { "push", "update", "delete", "lookup" };
    static const size_t bounds[] = { 16384, 0, 64, 16384 };

    if (size < 3) {
        return 0;
    }

    if (compare_body(schemas[data[0] & 3], data + 3, size - 3,
            bounds[data[1] & 3], data[2]))
    {
        abort();
    }

    return 0;
}
