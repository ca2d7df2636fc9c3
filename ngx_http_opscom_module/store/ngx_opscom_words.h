
/*
 * The keys and arguments of a script, written one after the other in the order
 * of scripts/words.list.
 */


#ifndef NGX_OPSCOM_WORDS_H_INCLUDED
#define NGX_OPSCOM_WORDS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_OPSCOM_NO_MEMBER ((size_t) -1)

#define NGX_OPSCOM_STRING_SIZE 3 /* of a packed string, besides its text */


/* Its value is up to 65535 bytes long. */

typedef struct {
    ngx_str_t   name;
    ngx_str_t   value;
    ngx_uint_t  event; /* by ngx_opscom_words_events() */
} ngx_opscom_field_t;


typedef enum {
    NGX_OPSCOM_WORD_KEY,    /* <prefix>:{<client>}:, the text, the member */
    NGX_OPSCOM_WORD_TEXT,   /* the member, an ngx_str_t */
    NGX_OPSCOM_WORD_NUMBER, /* the member, a uint64_t */
    NGX_OPSCOM_WORD_WANTED, /* the same; empty instead of 0 */
    NGX_OPSCOM_WORD_AGAIN,  /* '0'; the last of a packed list */
    NGX_OPSCOM_WORD_PACKED, /* a list's words, as MessagePack strings */
    NGX_OPSCOM_WORD_EVENT,  /* fields that a full event has, packed */
    NGX_OPSCOM_WORD_FIELDS, /* fields that it has not, packed */
    NGX_OPSCOM_WORD_ALL,    /* all fields, packed */
    NGX_OPSCOM_WORD_NONE    /* no field */
} ngx_opscom_word_kind_t;


typedef struct ngx_opscom_words_s ngx_opscom_words_t;

typedef struct {
    ngx_opscom_word_kind_t     kind;
    ngx_str_t                  text;
    size_t                     member; /* where in the source */
    const ngx_opscom_words_t  *list;   /* of a packed one */
} ngx_opscom_word_t;

struct ngx_opscom_words_s {
    const ngx_opscom_word_t  *word;
    ngx_uint_t                n;

    /* what they take, those of a packed list included */

    size_t                    fixed; /* besides texts and prefixes of keys */
    size_t                    keys;  /* how many begin so */
    const size_t             *texts; /* members, up to NGX_OPSCOM_NO_MEMBER */
};


typedef struct {
    ngx_opscom_field_t  *field;
    ngx_uint_t           n;
} ngx_opscom_fields_t;


/* The values: a struct that the members' offsets belong to, and fields. */

typedef struct {
    void                 *members;
    ngx_uint_t            minimal; /* no field is an event's */
    ngx_opscom_fields_t  own; /* those of this layer come first */
    ngx_opscom_fields_t  fields;
} ngx_opscom_source_t;


/* What is being written; zeroed by ngx_opscom_words_begin(). */

typedef struct {
    u_char     *p;
    u_char     *start;
    u_char     *again; /* NULL, or where the last NGX_OPSCOM_WORD_AGAIN is */
    ngx_str_t   base;  /* <prefix>:{<client>}: */
    ngx_uint_t  argc;
} ngx_opscom_writer_t;


/* Marks the fields that a full event has, once for NGX_OPSCOM_WORD_EVENT. */
void ngx_opscom_words_events(ngx_opscom_fields_t *fields);

/* What keys start with takes so many bytes. */
size_t ngx_opscom_words_base(ngx_str_t *prefix, ngx_str_t *client);

/*
 * The most that a list can take with these values, fields apart; and the most
 * that fields can, each of which is in one word of a script.
 */
size_t ngx_opscom_words_size(const ngx_opscom_words_t *words,
    const ngx_opscom_source_t *source, size_t base);
size_t ngx_opscom_words_fields_size(const ngx_opscom_fields_t *fields);

/*
 * Begins at p, where ngx_opscom_words_base() and all the sizes together have
 * room.
 */
void ngx_opscom_words_begin(ngx_opscom_writer_t *writer, u_char *p,
    ngx_str_t *prefix, ngx_str_t *client);

/* Writes a list's words behind those before. */
void ngx_opscom_words_write(ngx_opscom_writer_t *writer,
    const ngx_opscom_words_t *words, const ngx_opscom_source_t *source);


#endif /* NGX_OPSCOM_WORDS_H_INCLUDED */
