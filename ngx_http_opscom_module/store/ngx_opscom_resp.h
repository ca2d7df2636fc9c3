
/*
 * The Redis protocol on nginx's memory: commands straight into a link's
 * output, replies out of hiredis's reader into a pool.
 */


#ifndef NGX_OPSCOM_RESP_H_INCLUDED
#define NGX_OPSCOM_RESP_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include <hiredis/hiredis.h>


/* Bytes on their way out: pos to last are to be sent.  Zeroed is empty. */

typedef struct {
    u_char *start;
    u_char *pos;
    u_char *last;
    u_char *end;
} ngx_opscom_out_t;


typedef struct ngx_opscom_reply_s ngx_opscom_reply_t;

struct ngx_opscom_reply_s {
    int                  type; /* REDIS_REPLY_* */
    int64_t              integer;
    ngx_str_t            text; /* of a string, a status or an error */
    ngx_uint_t           nelts;
    ngx_opscom_reply_t **elts; /* of an array */
};


typedef struct {
    redisReader *hiredis;
    ngx_pool_t  *pool;
} ngx_opscom_reader_t;


/*
 * Makes room for size more bytes behind out->last.  Returns NGX_ERROR without
 * memory, with everything as it was.
 */
ngx_int_t ngx_opscom_out_reserve(
    ngx_opscom_out_t *out, size_t size, ngx_log_t *log);

/* Takes n sent bytes off the front; memory beyond a small amount goes back. */
void ngx_opscom_out_sent(ngx_opscom_out_t *out, size_t n);

/* Frees the memory, bytes and all. */
void ngx_opscom_out_free(ngx_opscom_out_t *out);


/*
 * The size of a command's header, and of one of its arguments of len bytes, at
 * most: what is to be reserved before they are written.
 */
#define NGX_OPSCOM_HEADER_SIZE (sizeof("*\r\n") + NGX_SIZE_T_LEN)
#define NGX_OPSCOM_ARGUMENT_SIZE(len)                                         \
    (sizeof("$\r\n\r\n") + NGX_SIZE_T_LEN + (len))

/* Write to reserved memory; return the end of what they wrote. */
u_char *ngx_opscom_write_header(u_char *p, ngx_uint_t argc);
u_char *ngx_opscom_write_argument(u_char *p, u_char *data, size_t len);
u_char *ngx_opscom_write_integer(u_char *p, uint64_t n);

/* An argument in pieces: its length, so many bytes by the caller, its end. */
u_char *ngx_opscom_write_length(u_char *p, size_t len);
u_char *ngx_opscom_write_end(u_char *p);

/* Writes a whole command.  Returns NGX_ERROR without memory. */
ngx_int_t ngx_opscom_write_command(
    ngx_opscom_out_t *out, ngx_str_t *argv, ngx_uint_t argc, ngx_log_t *log);


/* Returns NGX_ERROR without memory. */
ngx_int_t ngx_opscom_reader_init(ngx_opscom_reader_t *reader, ngx_log_t *log);

/* Frees the reader and every reply; harmless when it was not initialised. */
void ngx_opscom_reader_destroy(ngx_opscom_reader_t *reader);

/* Takes received bytes.  Returns NGX_ERROR without memory. */
ngx_int_t ngx_opscom_reader_feed(
    ngx_opscom_reader_t *reader, u_char *data, size_t len);

/*
 * Takes the next whole reply out: NGX_OK and a reply that lives until the next
 * call, NGX_AGAIN when more bytes are needed, NGX_ERROR when this is no RESP
 * (or without memory): nothing can be read from there any more.
 */
ngx_int_t ngx_opscom_reader_next(
    ngx_opscom_reader_t *reader, ngx_opscom_reply_t **reply);

/* For the log, after NGX_ERROR. */
char *ngx_opscom_reader_error(ngx_opscom_reader_t *reader);


#endif /* NGX_OPSCOM_RESP_H_INCLUDED */
