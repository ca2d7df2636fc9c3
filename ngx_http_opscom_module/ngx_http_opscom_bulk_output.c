
/* The response of a bulk request. */


#include "ngx_http_opscom_bulk_output.h"
#include "ngx_http_opscom_response.h"
#include "ngx_http_opscom_result_json.h"


/*
 * In bytes: sent when that many are there, and the space that they have at
 * first.  A result has some 180, one with all attributes refused some 2000.
 */

#define NGX_HTTP_OPSCOM_BULK_FULL   (8 * 1024)
#define NGX_HTTP_OPSCOM_BULK_SPACE  (12 * 1024)


static void ngx_http_opscom_bulk_output_begin(
    ngx_http_opscom_bulk_output_t *output);
static ngx_int_t ngx_http_opscom_bulk_output_header(
    ngx_http_opscom_bulk_output_t *output);
static ngx_int_t ngx_http_opscom_bulk_output_taken(
    ngx_http_opscom_bulk_output_t *output, ngx_int_t rc);


void
ngx_http_opscom_bulk_output_result(ngx_http_opscom_bulk_output_t *output,
    ngx_http_opscom_ctx_t *ctx)
{
    ngx_http_opscom_error_id_t  error;

    ngx_http_opscom_bulk_output_begin(output);

    if (ctx->result < NGX_HTTP_OPSCOM_RESULT_ERROR) {
        ngx_http_opscom_result_json_success(&output->json, ctx);
        return;
    }

    error = ctx->result - NGX_HTTP_OPSCOM_RESULT_ERROR;

    ngx_http_opscom_result_json_error(&output->json, output->request, ctx,
                                      error,
                                      ngx_http_opscom_errors[error].status);
}


void
ngx_http_opscom_bulk_output_end(ngx_http_opscom_bulk_output_t *output)
{
    ngx_http_opscom_bulk_output_begin(output);

    ngx_http_opscom_json_close(&output->json, ']');
    ngx_http_opscom_text_byte(&output->json.text, LF);
}


static void
ngx_http_opscom_bulk_output_begin(ngx_http_opscom_bulk_output_t *output)
{
    if (output->begun) {
        return;
    }

    output->begun = 1;

    ngx_http_opscom_json_init(&output->json, output->request->pool,
                              NGX_HTTP_OPSCOM_BULK_SPACE);
    ngx_http_opscom_json_open(&output->json, '[');
}


ngx_uint_t
ngx_http_opscom_bulk_output_is_full(ngx_http_opscom_bulk_output_t *output)
{
    return output->json.text.pos - output->json.text.start
           >= NGX_HTTP_OPSCOM_BULK_FULL;
}


ngx_uint_t
ngx_http_opscom_bulk_output_is_empty(ngx_http_opscom_bulk_output_t *output)
{
    return output->json.text.pos == output->json.text.start;
}


ngx_int_t
ngx_http_opscom_bulk_output_send(ngx_http_opscom_bulk_output_t *output,
    ngx_uint_t last)
{
    ngx_buf_t           *b;
    ngx_str_t            text;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = output->request;

    if (ngx_http_opscom_json_text(&output->json, &text) != NGX_OK
        || ngx_http_opscom_bulk_output_header(output) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the elements are stored all the same: of a mirror's request, say */

    if (r->header_only) {
        output->json.text.pos = output->json.text.start;
        return NGX_OK;
    }

    b = &output->buf;

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = b->pos = text.data;
    b->end = b->last = text.data + text.len;
    b->temporary = 1;
    b->flush = !last;
    b->last_buf = last && r == r->main;
    b->last_in_chain = last;
    b->tag = (ngx_buf_tag_t) &ngx_http_opscom_bulk_output_send;

    out.buf = b;
    out.next = NULL;

    return ngx_http_opscom_bulk_output_taken(output,
                                             ngx_http_output_filter(r, &out));
}


/* Before the first piece. */

static ngx_int_t
ngx_http_opscom_bulk_output_header(ngx_http_opscom_bulk_output_t *output)
{
    ngx_int_t               rc;
    ngx_http_request_t     *r;
    ngx_http_opscom_ctx_t  *ctx;

    if (output->header_sent) {
        return NGX_OK;
    }

    output->header_sent = 1;
    r = output->request;
    ctx = ngx_http_opscom_ctx_get(r);

    ctx->result = NGX_HTTP_OPSCOM_RESULT_SUCCESS;
    ctx->answered = 1;
    ctx->counted = 1; /* its elements are */

    r->disable_not_modified = 1;
    r->err_status = 0;
    r->headers_out.status = NGX_HTTP_OK;

    ngx_http_opscom_response_json(r, 0);
    ngx_http_clear_content_length(r);

    rc = ngx_http_send_header(r);

    return rc == NGX_ERROR || rc > NGX_OK ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_opscom_bulk_output_resume(ngx_http_opscom_bulk_output_t *output)
{
    ngx_event_t         *wev;
    ngx_http_request_t  *r;

    if (!output->blocked) {
        return NGX_OK;
    }

    r = output->request;
    wev = r->connection->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "client timed out");
        r->connection->timedout = 1;
        return NGX_HTTP_REQUEST_TIME_OUT;
    }

    if (wev->delayed) {
        return ngx_http_opscom_bulk_output_taken(output, NGX_AGAIN);
    }

    return ngx_http_opscom_bulk_output_taken(output,
                                             ngx_http_output_filter(r, NULL));
}


/* nginx's filters have the text, and more of their own, until all was sent. */

static ngx_int_t
ngx_http_opscom_bulk_output_taken(ngx_http_opscom_bulk_output_t *output,
    ngx_int_t rc)
{
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = output->request;
    wev = r->connection->write;

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    output->blocked = r->buffered || r->postponed
                      || (r == r->main && r->connection->buffered)
                      || ngx_buf_size(&output->buf) != 0;

    if (!output->blocked) {
        output->json.text.pos = output->json.text.start;

        /* limit_rate has set it for what comes next */

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        return NGX_OK;
    }

    clcf = ngx_http_get_module_loc_conf(r->main, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}
