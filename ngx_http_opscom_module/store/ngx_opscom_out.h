
/* Bytes on their way to Redis. */


#ifndef NGX_OPSCOM_OUT_H_INCLUDED
#define NGX_OPSCOM_OUT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


/* pos to last are to be sent.  Zeroed is empty. */

typedef struct {
    u_char  *start;
    u_char  *pos;
    u_char  *last;
    u_char  *end;
} ngx_opscom_out_t;


/*
 * Makes room for size more bytes behind out->last.  Returns NGX_ERROR without
 * memory, with everything as it was.
 */
ngx_int_t ngx_opscom_out_reserve(ngx_opscom_out_t *out, size_t size,
    ngx_log_t *log);

/* Takes n sent bytes off the front; what is reserved stays so. */
void ngx_opscom_out_sent(ngx_opscom_out_t *out, size_t n);

/* Where nothing is reserved: frees memory that is empty and large. */
void ngx_opscom_out_trim(ngx_opscom_out_t *out);

/* Frees the memory and drops the bytes. */
void ngx_opscom_out_free(ngx_opscom_out_t *out);


#endif /* NGX_OPSCOM_OUT_H_INCLUDED */
