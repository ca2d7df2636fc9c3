
/* A JSON reader that is slow and plain, for whole texts: see reference.h. */


#ifndef REFERENCE_JSON_H_INCLUDED
#define REFERENCE_JSON_H_INCLUDED


#include <stddef.h>

#include "permit_parser.h"


enum {
    READER_MALFORMED = 1,
    READER_TOO_LARGE /* a string or a number */
};


typedef struct {
    unsigned char *text;
    size_t         len;
} value_t;


/* What is found in the outermost object; the text is freed after the call. */

typedef struct {

    /* a member's name: its id, or -1 where the value does not matter */
    int (*name)(void *data, value_t name);

    /* a member's value: a string; neither a string nor null */
    void (*string)(void *data, int id, value_t value);
    void (*other)(void *data, int id);
} reader_handler_t;


typedef struct {
    const unsigned char    *p; /* behind the value, when it was read */
    const unsigned char    *end;
    unsigned                depth;
    int                     wrong; /* 0 or one of the above */
    const reader_handler_t *handler;
    void                   *data;
} reader_t;


/* Reads the value at p, which may have white space before it. */
void reader_read(reader_t *reader);

void reader_skip_space(reader_t *reader);

/* The byte at p, or -1 at the end. */
int reader_peek(reader_t *reader);


#endif /* REFERENCE_JSON_H_INCLUDED */
