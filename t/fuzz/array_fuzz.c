
/*
 * Any bytes as an array of bodies, split in any way: permit_array must not
 * misbehave, and must read each element as permit_parser reads it alone.  The
 * first two bytes choose the limit and how the body is split.
 */


#include <stdint.h>
#include <stdlib.h>

#include "compare.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t bounds[] = { 16384, 0, 64, 20 };

    if (size < 2) {
        return 0;
    }

    if (compare_array(data + 2, size - 2, bounds[data[0] & 3], data[1])) {
        abort();
    }

    return 0;
}
