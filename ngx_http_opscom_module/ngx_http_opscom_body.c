
/* The request body, from wherever nginx has it, to the parser. */


#include "ngx_http_opscom_body.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_response.h"


#define NGX_HTTP_OPSCOM_PIECE 4096


static ngx_int_t ngx_http_opscom_body_is_gone(ngx_http_request_t *r);
static ngx_int_t ngx_http_opscom_body_is_discarded(ngx_http_request_t *r);
static void ngx_http_opscom_body_handler(ngx_http_request_t *r);
static void ngx_http_opscom_body_event(ngx_http_request_t *r);
static permit_parse_t ngx_http_opscom_body_consume(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx);
static void ngx_http_opscom_body_copy(ngx_http_request_t *r);
static permit_parse_t ngx_http_opscom_body_file(ngx_http_request_t *r,
    ngx_http_opscom_ctx_t *ctx, ngx_buf_t *b);
static permit_parse_t ngx_http_opscom_body_feed(ngx_http_opscom_ctx_t *ctx,
    u_char *data, size_t len);
static void ngx_http_opscom_body_failed(ngx_http_request_t *r, ngx_int_t rc);
static void ngx_http_opscom_body_end(ngx_http_request_t *r,
    permit_parse_t outcome);


ngx_int_t
ngx_http_opscom_body_read(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_body_pt body)
{
    ctx->body = body;

    return ngx_http_opscom_body_start(r, r->request_body
                                         ? ngx_http_opscom_body_copy
                                         : ngx_http_opscom_body_handler);
}


ngx_int_t
ngx_http_opscom_body_start(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    ngx_int_t  rc;

    if (ngx_http_opscom_body_is_gone(r)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "opscom: request body was already partially read");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/*
 * Discarded, or read by something that did not keep it, as a proxy does with
 * "proxy_request_buffering off"; nginx clears that flag where the whole body
 * had come with the header, and is kept.
 */

static ngx_int_t
ngx_http_opscom_body_is_gone(ngx_http_request_t *r)
{
    if (r->discard_body || ngx_http_opscom_body_is_discarded(r)) {
        return 1;
    }

    return r->request_body
           && (r->reading_body || r->request_body_no_buffering);
}


/*
 * A body that nginx has discarded as a whole: it takes off the length that was
 * announced, or parses the chunks in a request_body that nobody has asked for.
 */

static ngx_int_t
ngx_http_opscom_body_is_discarded(ngx_http_request_t *r)
{
    ngx_str_t                *length;
    ngx_http_request_body_t  *rb;

#if (NGX_HTTP_V2)

    if (r->stream) {
        return r->stream->skip_data;
    }

#endif

    rb = r->request_body;

    if (rb) {
        return r->headers_in.chunked && rb->post_handler == NULL
               && rb->bufs == NULL;
    }

    if (r->headers_in.content_length == NULL
        || r->headers_in.content_length_n != 0)
    {
        return 0;
    }

    length = &r->headers_in.content_length->value;

    return ngx_atoof(length->data, length->len) != 0;
}


static void
ngx_http_opscom_body_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    permit_parse_t          outcome;
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    for ( ;; ) {
        outcome = ngx_http_opscom_body_consume(r, ctx);

        if (outcome != PERMIT_PARSE_OK || !r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_opscom_body_failed(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            r->read_event_handler = ngx_http_opscom_body_event;
            return;
        }
    }

    r->read_event_handler = ngx_http_test_reading;

    ngx_http_opscom_body_end(r, outcome);
}


static void
ngx_http_opscom_body_event(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_unbuffered_request_body(r);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_http_opscom_body_failed(r, rc);
        return;
    }

    ngx_http_opscom_body_handler(r);
}


/* What was read so far; its buffers are used again. */

static permit_parse_t
ngx_http_opscom_body_consume(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    ngx_buf_t       *b;
    ngx_chain_t     *cl, *next;
    permit_parse_t   outcome;

    outcome = PERMIT_PARSE_OK;

    if (r->request_body == NULL) {
        return outcome;
    }

    for (cl = r->request_body->bufs; cl; cl = next) {
        next = cl->next;
        b = cl->buf;

        if (outcome == PERMIT_PARSE_OK) {
            outcome = ngx_http_opscom_body_feed(ctx, b->pos, b->last - b->pos);
        }

        b->pos = b->last;
        ngx_free_chain(r->pool, cl);
    }

    r->request_body->bufs = NULL;

    return outcome;
}


/* What something else has read; it may still be needed. */

static void
ngx_http_opscom_body_copy(ngx_http_request_t *r)
{
    ngx_buf_t              *b;
    ngx_chain_t            *cl;
    permit_parse_t          outcome;
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);
    outcome = PERMIT_PARSE_OK;

    for (cl = r->request_body->bufs;
         cl && outcome == PERMIT_PARSE_OK;
         cl = cl->next)
    {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            outcome = ngx_http_opscom_body_feed(ctx, b->pos, b->last - b->pos);

        } else if (b->in_file) {
            outcome = ngx_http_opscom_body_file(r, ctx, b);
        }
    }

    /* as for a body that is read here: a client that leaves is noticed */

    if (r == r->main) {
        r->read_event_handler = ngx_http_test_reading;
    }

    ngx_http_opscom_body_end(r, outcome);
}


static permit_parse_t
ngx_http_opscom_body_file(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx,
    ngx_buf_t *b)
{
    off_t           offset;
    size_t          size;
    ssize_t         n;
    permit_parse_t  outcome;
    u_char          piece[NGX_HTTP_OPSCOM_PIECE];

    outcome = PERMIT_PARSE_OK;
    offset = b->file_pos;

    while (offset < b->file_last && outcome == PERMIT_PARSE_OK) {
        size = (size_t) ngx_min(b->file_last - offset,
                                (off_t) sizeof(piece));

        n = ngx_read_file(b->file, piece, size, offset);

        if (n <= 0) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "opscom: request body file \"%V\" is truncated",
                          &b->file->name);
            return PERMIT_PARSE_NO_MEMORY;
        }

        outcome = ngx_http_opscom_body_feed(ctx, piece, (size_t) n);
        offset += n;
    }

    return outcome;
}


static permit_parse_t
ngx_http_opscom_body_feed(ngx_http_opscom_ctx_t *ctx, u_char *data, size_t len)
{
    if (len == 0) {
        return PERMIT_PARSE_OK;
    }

    return permit_parser_feed(ctx->parser, (char *) data, len);
}


static void
ngx_http_opscom_body_failed(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_opscom_ctx_t  *ctx;

    /* nginx would close the connection without a response */

    if (rc == NGX_HTTP_REQUEST_TIME_OUT && !r->connection->error) {
        r->connection->timedout = 0;
        r->connection->read->timedout = 0;

        ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);
        rc = ngx_http_opscom_response_error(r, ctx, NGX_HTTP_OPSCOM_TIMEOUT);
    }

    /* an error page may take its time, and knows nothing of the body */

    r->read_event_handler = ngx_http_block_reading;

    ngx_http_finalize_request(r, rc);
}


static void
ngx_http_opscom_body_end(ngx_http_request_t *r, permit_parse_t outcome)
{
    ngx_int_t               rc;
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "opscom body read: %d", outcome);

    rc = ctx->body(r, ctx, outcome);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}
