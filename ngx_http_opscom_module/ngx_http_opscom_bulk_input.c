
/* The body of a bulk request, in pieces, at the pace of its reader. */


#include "ngx_http_opscom_body.h"
#include "ngx_http_opscom_bulk_input.h"


static ngx_int_t ngx_http_opscom_bulk_input_stream(
    ngx_http_opscom_bulk_input_t *input);
static ngx_uint_t ngx_http_opscom_bulk_input_buffered(
    ngx_http_opscom_bulk_input_t *input);
static void ngx_http_opscom_bulk_input_resume(
    ngx_http_opscom_bulk_input_t *input);
static ngx_int_t ngx_http_opscom_bulk_input_stored(
    ngx_http_opscom_bulk_input_t *input);
static ngx_int_t ngx_http_opscom_bulk_input_file(
    ngx_http_opscom_bulk_input_t *input, ngx_buf_t *b);


ngx_int_t
ngx_http_opscom_bulk_input_start(ngx_http_opscom_bulk_input_t *input,
    ngx_http_request_t *r, ngx_http_client_body_handler_pt handler)
{
    input->request = r;

    if (r->request_body) {
        input->was_read = 1;
        input->cl = r->request_body->bufs;
    }

    return ngx_http_opscom_body_start(r, handler);
}


ngx_int_t
ngx_http_opscom_bulk_input_next(ngx_http_opscom_bulk_input_t *input)
{
    return input->was_read ? ngx_http_opscom_bulk_input_stored(input)
                           : ngx_http_opscom_bulk_input_stream(input);
}


static ngx_int_t
ngx_http_opscom_bulk_input_stream(ngx_http_opscom_bulk_input_t *input)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = input->request;

    ngx_http_opscom_bulk_input_resume(input);

    while (!ngx_http_opscom_bulk_input_buffered(input)) {

        if (!r->reading_body) {
            return NGX_DONE;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return NGX_AGAIN;
        }
    }

    return NGX_OK;
}


/*
 * What nginx has read and was not consumed.  Its buffer is used again once pos
 * has reached its end, so that the buffer's own pos follows the reader's.
 */

static ngx_uint_t
ngx_http_opscom_bulk_input_buffered(ngx_http_opscom_bulk_input_t *input)
{
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = input->request;

    if (r->request_body == NULL) {
        return 0;
    }

    while (r->request_body->bufs) {
        cl = r->request_body->bufs;
        b = cl->buf;

        if (input->pos) {
            b->pos = input->pos;
        }

        if (b->pos < b->last) {
            input->pos = b->pos;
            input->last = b->last;
            return 1;
        }

        input->pos = NULL;
        r->request_body->bufs = cl->next;
        ngx_free_chain(r->pool, cl);
    }

    return 0;
}


void
ngx_http_opscom_bulk_input_pause(ngx_http_opscom_bulk_input_t *input)
{
    ngx_event_t         *rev;
    ngx_http_request_t  *r;

    r = input->request;
    rev = r->connection->read;

    if (!r->reading_body) {
        return;
    }

    input->paused = 1;

    if (rev->timer_set) {
        ngx_del_timer(rev);
    }
}


/* Data that came over HTTP/2 meanwhile has started the timer again. */

static void
ngx_http_opscom_bulk_input_resume(ngx_http_opscom_bulk_input_t *input)
{
    ngx_event_t  *rev;

    if (!input->paused) {
        return;
    }

    input->paused = 0;
    rev = input->request->connection->read;
    rev->timedout = 0;

    if (rev->timer_set) {
        ngx_del_timer(rev);
    }
}


/* It may still be needed, and is left as it is. */

static ngx_int_t
ngx_http_opscom_bulk_input_stored(ngx_http_opscom_bulk_input_t *input)
{
    ngx_buf_t  *b;

    if (input->pos < input->last) {
        return NGX_OK;
    }

    for ( /* void */ ; input->cl; input->cl = input->cl->next) {
        b = input->cl->buf;

        if (!ngx_buf_in_memory(b) && b->in_file
            && b->file_pos + input->done < b->file_last)
        {
            return ngx_http_opscom_bulk_input_file(input, b);
        }

        if (ngx_buf_in_memory(b) && input->done == 0 && b->pos < b->last) {
            input->done = b->last - b->pos;
            input->pos = b->pos;
            input->last = b->last;
            return NGX_OK;
        }

        input->done = 0;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_opscom_bulk_input_file(ngx_http_opscom_bulk_input_t *input,
    ngx_buf_t *b)
{
    size_t   size;
    ssize_t  n;

    if (input->piece == NULL) {
        input->piece = ngx_pnalloc(input->request->pool,
                                   NGX_HTTP_OPSCOM_BULK_PIECE);
        if (input->piece == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    size = (size_t) ngx_min(b->file_last - b->file_pos - input->done,
                            (off_t) NGX_HTTP_OPSCOM_BULK_PIECE);

    n = ngx_read_file(b->file, input->piece, size, b->file_pos + input->done);

    if (n <= 0) {
        ngx_log_error(NGX_LOG_ERR, input->request->connection->log, 0,
                      "opscom: request body file \"%V\" is truncated",
                      &b->file->name);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    input->done += n;
    input->pos = input->piece;
    input->last = input->piece + n;

    return NGX_OK;
}
