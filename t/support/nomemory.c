/*
 * Preloaded into nginx: while the file that $NOMEMORY names is there, malloc()
 * of a size that a ring or a buffer of some commands needs fails.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>


void *
malloc(size_t size)
{
    const char   *file;
    static void *(*next)(size_t);

    if (next == NULL) {
        next = (void *(*)(size_t)) dlsym(RTLD_NEXT, "malloc");
    }

    if (size >= 3072 && size <= 12288) {
        file = getenv("NOMEMORY");

        if (file && access(file, F_OK) == 0) {
            errno = ENOMEM;
            return NULL;
        }
    }

    return next(size);
}
