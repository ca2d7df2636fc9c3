
/* Commands in RESP, the Redis protocol. */


#ifndef NGX_OPSCOM_WRITE_H_INCLUDED
#define NGX_OPSCOM_WRITE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_out.h"


/*
 * The size of a command's header, and of one of its arguments of len bytes, at
 * most: what is to be reserved before they are written.  No argument has 4 GB.
 */
#define NGX_OPSCOM_LENGTH_SIZE (sizeof("$4294967295\r\n") - 1)
#define NGX_OPSCOM_HEADER_SIZE NGX_OPSCOM_LENGTH_SIZE
#define NGX_OPSCOM_ARGUMENT_SIZE(len)                                         \
    (NGX_OPSCOM_LENGTH_SIZE + (len) + sizeof("\r\n") - 1)


/* Write to reserved memory; return the end of what they wrote. */
u_char *ngx_opscom_write_header(u_char *p, ngx_uint_t argc);
u_char *ngx_opscom_write_argument(u_char *p, u_char *data, size_t len);
u_char *ngx_opscom_write_integer(u_char *p, uint64_t n);

/* An argument in pieces: its length, so many bytes by the caller, its end. */
u_char *ngx_opscom_write_length(u_char *p, size_t len);
u_char *ngx_opscom_write_end(u_char *p);

/*
 * Writes a whole command.  Returns NGX_ERROR without memory, with everything as
 * it was.
 */
ngx_int_t ngx_opscom_write_command(ngx_opscom_out_t *out, ngx_str_t *argv,
    ngx_uint_t argc, ngx_log_t *log);


#endif /* NGX_OPSCOM_WRITE_H_INCLUDED */
