/*
 * Preloaded into nginx: while the file that $NOMEMORY names is there, malloc()
 * of some sizes fails: from $NOMEMORY_LEAST to $NOMEMORY_MOST, or of those that
 * a ring or a buffer of some commands needs.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>


static size_t
limit(const char *name, size_t otherwise)
{
    const char  *value;

    value = getenv(name);

    return value ? (size_t) atol(value) : otherwise;
}


void *
malloc(size_t size)
{
    const char   *file;
    static void *(*next)(size_t);

    if (next == NULL) {
        next = (void *(*)(size_t)) dlsym(RTLD_NEXT, "malloc");
    }

    if (size >= limit("NOMEMORY_LEAST", 3072)
        && size <= limit("NOMEMORY_MOST", 12288))
    {
        file = getenv("NOMEMORY");

        if (file && access(file, F_OK) == 0) {
            errno = ENOMEM;
            return NULL;
        }
    }

    return next(size);
}
