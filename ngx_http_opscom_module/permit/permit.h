
/*
 * The permit: its attributes, the rules they obey and the form in which they
 * are stored.  This directory depends on neither nginx nor Redis.
 *
 * The rules are those of the OPS-COM Permit Push API as docs/api.md states
 * them.  The table in permit_attributes.c is their only copy: the parser, the
 * validation, the error messages, the storage and the tests of the docs read
 * it.
 */


#ifndef PERMIT_H_INCLUDED
#define PERMIT_H_INCLUDED


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


/* Text that it does not own, not terminated by a zero byte. */

typedef struct {
    const char  *data;
    size_t       len;
} permit_text_t;

#define PERMIT_TEXT(literal)  { literal, sizeof(literal) - 1 }


/*
 * Memory that lives as long as the permit.  alloc() returns what is aligned
 * for pointers, or NULL when there is none; free() may do nothing.
 */

typedef struct {
    void *(*alloc)(void *ctx, size_t size);
    void  (*free)(void *ctx, void *block);
    void   *ctx;
} permit_memory_t;


/* In the order in which refused attributes are reported. */

typedef enum {
    PERMIT_TOKEN,
    PERMIT_REFERENCE_ID,
    PERMIT_AMOUNT,
    PERMIT_CURRENCY,
    PERMIT_START,
    PERMIT_END,
    PERMIT_PLATE,
    PERMIT_TICKET,
    PERMIT_ZONE,
    PERMIT_AT,
    PERMIT_ATTRIBUTES,  /* how many */
    PERMIT_NO_ATTRIBUTE /* not one of them */
} permit_id_t;


/*
 * What is wrong with an attribute.  Only the first applicable code is
 * reported, in this order.
 */

typedef enum {
    PERMIT_GOOD,        /* nothing */
    PERMIT_INVALID_TYPE,
    PERMIT_CONFLICTING,
    PERMIT_MISSING,
    PERMIT_TOO_LONG,
    PERMIT_INVALID_FORMAT,
    PERMIT_OUT_OF_RANGE,
    PERMIT_UNSUPPORTED,
    PERMIT_END_NOT_AFTER_START,
    PERMIT_CODES        /* how many */
} permit_code_t;


#define PERMIT_MAX_NAMES     3
#define PERMIT_MAX_FIELDS    2
#define PERMIT_MAX_CURRENCY  10
#define PERMIT_MAX_DEPTH     32   /* of arrays and objects in a body */

/*
 * In bytes, space for text derived from the client's: three times and their
 * seconds, the cents of an amount, and a plate of 25 four-byte characters.
 */
#define PERMIT_SCRATCH       208

/*
 * In bytes, space for the client's own text: the documented body has some 110,
 * and what does not fit is allocated.
 */
#define PERMIT_TEXT_SIZE     128


typedef struct permit_s            permit_t;
typedef struct permit_rules_s      permit_rules_t;
typedef struct permit_attribute_s  permit_attribute_t;
typedef struct permit_schema_s     permit_schema_t;


/*
 * Validates a value that is present, trimmed and short enough, and leaves its
 * normal form in permit->stored[id].  Control characters are
 * PERMIT_INVALID_FORMAT, before anything else.
 */
typedef permit_code_t (*permit_rule_pt)(permit_t *permit, permit_id_t id,
    const permit_rules_t *rules);


/* A text of length 0 ends the names and the fields. */

struct permit_attribute_s {
    const char     *canonical;                     /* the name in metrics */
    permit_text_t   names[PERMIT_MAX_NAMES + 1];   /* accepted */
    permit_text_t   fields[PERMIT_MAX_FIELDS + 1]; /* stored as */
    size_t          limit;                         /* in code points */
    permit_rule_pt  rule;
    const char     *accepts;                       /* for error messages */
};


/* From PERMIT_REQUIRED on, an absent attribute can be PERMIT_MISSING. */

typedef enum {
    PERMIT_NOT_TAKEN,
    PERMIT_OPTIONAL,
    PERMIT_REQUIRED,
    PERMIT_REQUIRED_UNLESS_ID /* where no reference ID is given */
} permit_need_t;


/* An endpoint's list of attributes. */

struct permit_schema_s {
    uint8_t  need[PERMIT_ATTRIBUTES]; /* permit_need_t */
};


/* What an operator configures. */

struct permit_rules_s {
    const permit_text_t  *currencies; /* upper case */
    size_t                ncurrencies;
    const char           *currencies_text; /* the same, for error messages */
    size_t                max_body;        /* bytes; 0: no limit */
};


/* What the client sent for one attribute. */

typedef struct {
    permit_text_t         text; /* the first value not absent, trimmed */
    const permit_text_t  *name; /* the name used first; NULL: none was */
    bool                  wrong_type;
    bool                  conflicting;
} permit_given_t;


struct permit_s {
    const permit_schema_t  *schema;
    permit_given_t          given[PERMIT_ATTRIBUTES];
    permit_code_t           code[PERMIT_ATTRIBUTES];
    permit_text_t           stored[PERMIT_ATTRIBUTES][PERMIT_MAX_FIELDS];
    int64_t                 start_ts; /* seconds since 1970-01-01T00:00:00Z */
    int64_t                 end_ts;
    int64_t                 at_ts; /* where stored[PERMIT_AT][0] is not empty */
    size_t                  scratch_used;
    size_t                  text_used;
    char                    scratch[PERMIT_SCRATCH];
    char                    text[PERMIT_TEXT_SIZE];
};


/* A field of the stored permit. */

typedef struct {
    permit_id_t    id;
    unsigned       variant; /* 0: the normal form */
    permit_text_t  name;
    permit_text_t  value;
} permit_field_t;

#define PERMIT_FIELDS_MAX  (PERMIT_ATTRIBUTES * PERMIT_MAX_FIELDS)


#endif /* PERMIT_H_INCLUDED */
