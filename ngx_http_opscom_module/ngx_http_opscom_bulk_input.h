
/*
 * The body of a bulk request, in pieces, at the pace of its reader: from the
 * connection, as it comes, or from where something else has read it to.
 */


#ifndef NGX_HTTP_OPSCOM_BULK_INPUT_H_INCLUDED
#define NGX_HTTP_OPSCOM_BULK_INPUT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_HTTP_OPSCOM_BULK_PIECE 4096


typedef struct {
    ngx_http_request_t  *request;
    ngx_chain_t         *cl;    /* what something else has read */
    off_t                done;  /* bytes of that buffer */
    u_char              *pos;   /* what is left of the piece in hand */
    u_char              *last;
    u_char              *piece; /* space for one of a file; NULL: none yet */
    unsigned             was_read:1;
    unsigned             paused:1;
} ngx_http_opscom_bulk_input_t;


/*
 * Starts to read; handler is called when nginx has read what came with the
 * headers.  Returns what a content handler returns.
 */
ngx_int_t ngx_http_opscom_bulk_input_start(ngx_http_opscom_bulk_input_t *input,
    ngx_http_request_t *r, ngx_http_client_body_handler_pt handler);

/*
 * NGX_OK: pos to last is the next piece, or what is left of it; the reader
 * moves pos.  NGX_AGAIN: an event will tell that there is more, until then the
 * client's time is running.  NGX_DONE: the body has ended.  Anything else is
 * the status of an error; the connection's error and timedout are as nginx has
 * left them.
 */
ngx_int_t ngx_http_opscom_bulk_input_next(ngx_http_opscom_bulk_input_t *input);

/*
 * Nothing is read until the next piece is asked for, and the client's time
 * does not run.
 */
void ngx_http_opscom_bulk_input_pause(ngx_http_opscom_bulk_input_t *input);


#endif /* NGX_HTTP_OPSCOM_BULK_INPUT_H_INCLUDED */
