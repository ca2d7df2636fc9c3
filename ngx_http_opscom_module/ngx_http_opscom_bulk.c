
/*
 * Bulk requests.  Whatever happens (something to read, a reply of Redis, room
 * for output), the request is run: it answers what is to be answered, parses
 * what there is room for, and sends what is ready, until there is nothing left
 * to do but to wait.  Where it does not parse it does not read either, so that
 * a slow Redis, and a client that does not read, stop the client that sends.
 */


#include "ngx_http_opscom_bulk.h"
#include "ngx_http_opscom_bulk_calls.h"
#include "ngx_http_opscom_bulk_elements.h"
#include "ngx_http_opscom_bulk_output.h"
#include "ngx_http_opscom_bulk_reader.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_handler.h"
#include "ngx_http_opscom_response.h"


/* Elements after which other requests of the worker have their turn. */

#define NGX_HTTP_OPSCOM_BULK_TURN 256


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_opscom_ctx_t           *ctx;
    ngx_http_opscom_bulk_reader_t    reader;
    ngx_http_opscom_bulk_elements_t  elements;
    ngx_http_opscom_bulk_calls_t     calls;
    ngx_http_opscom_bulk_output_t    output;
    ngx_event_t                      turn; /* timer: it runs again */
} ngx_http_opscom_bulk_t;


static ngx_http_opscom_bulk_t *ngx_http_opscom_bulk_create(
    ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx);
static void ngx_http_opscom_bulk_cleanup(void *data);
static void ngx_http_opscom_bulk_begin(ngx_http_request_t *r);
static void ngx_http_opscom_bulk_event(ngx_http_request_t *r);
static void ngx_http_opscom_bulk_ended(ngx_http_request_t *r);
static void ngx_http_opscom_bulk_again(ngx_event_t *ev);
static void ngx_http_opscom_bulk_run(ngx_http_opscom_bulk_t *bulk);
static ngx_int_t ngx_http_opscom_bulk_work(ngx_http_opscom_bulk_t *bulk);
static ngx_int_t ngx_http_opscom_bulk_answer(ngx_http_opscom_bulk_t *bulk);
static void ngx_http_opscom_bulk_wait(ngx_http_opscom_bulk_t *bulk);
static void ngx_http_opscom_bulk_paused(ngx_http_request_t *r);
static ngx_int_t ngx_http_opscom_bulk_end(ngx_http_opscom_bulk_t *bulk);
static ngx_int_t ngx_http_opscom_bulk_refuse(ngx_http_opscom_bulk_t *bulk);
static void ngx_http_opscom_bulk_last(ngx_http_opscom_bulk_t *bulk);


ngx_int_t
ngx_http_opscom_bulk_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_opscom_ctx_t   *ctx;
    ngx_http_opscom_bulk_t  *bulk;

    rc = ngx_http_opscom_handler_begin(r, &ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    bulk = ngx_http_opscom_bulk_create(r, ctx);
    if (bulk == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->bulk = bulk;

    return ngx_http_opscom_bulk_input_start(&bulk->reader.input, r,
                                            ngx_http_opscom_bulk_begin);
}


static ngx_http_opscom_bulk_t *
ngx_http_opscom_bulk_create(ngx_http_request_t *r, ngx_http_opscom_ctx_t *ctx)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_opscom_bulk_t  *bulk;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_opscom_bulk_t));
    if (cln == NULL) {
        return NULL;
    }

    bulk = cln->data;
    ngx_memzero(bulk, sizeof(ngx_http_opscom_bulk_t));

    cln->handler = ngx_http_opscom_bulk_cleanup;

    bulk->request = r;
    bulk->ctx = ctx;
    bulk->elements.request = r;
    bulk->output.request = r;

    bulk->calls.request = r;
    bulk->calls.elements = &bulk->elements;
    bulk->calls.ended = ngx_http_opscom_bulk_ended;

    bulk->turn.handler = ngx_http_opscom_bulk_again;
    bulk->turn.data = r->connection;
    bulk->turn.log = r->connection->log;

    if (ngx_http_opscom_bulk_reader_init(&bulk->reader, ctx, &bulk->elements)
        != NGX_OK
        || ngx_http_opscom_bulk_calls_init(&bulk->calls) != NGX_OK)
    {
        return NULL;
    }

    return bulk;
}


static void
ngx_http_opscom_bulk_cleanup(void *data)
{
    ngx_http_opscom_bulk_t  *bulk;

    bulk = data;

    if (bulk->turn.timer_set) {
        ngx_del_timer(&bulk->turn);
    }

    ngx_http_opscom_bulk_calls_cancel(&bulk->calls);
    ngx_http_opscom_bulk_elements_free(&bulk->elements);
}


static void
ngx_http_opscom_bulk_begin(ngx_http_request_t *r)
{
    r->write_event_handler = ngx_http_opscom_bulk_event;

    ngx_http_opscom_bulk_event(r);
}


static void
ngx_http_opscom_bulk_event(ngx_http_request_t *r)
{
    ngx_http_opscom_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    ngx_http_opscom_bulk_run(ctx->bulk);
}


static void
ngx_http_opscom_bulk_ended(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_opscom_bulk_event(r);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_opscom_bulk_again(ngx_event_t *ev)
{
    ngx_http_opscom_bulk_t  *bulk;

    bulk = (ngx_http_opscom_bulk_t *)
           ((u_char *) ev - offsetof(ngx_http_opscom_bulk_t, turn));

    ngx_http_opscom_bulk_ended(bulk->request);
}


static void
ngx_http_opscom_bulk_run(ngx_http_opscom_bulk_t *bulk)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = bulk->request;

    /* this is the turn: what ends now must not be run once more */

    if (bulk->turn.timer_set) {
        ngx_del_timer(&bulk->turn);
    }

    rc = ngx_http_opscom_bulk_output_resume(&bulk->output);

    if (rc == NGX_OK || rc == NGX_AGAIN) {
        rc = ngx_http_opscom_bulk_work(bulk);
    }

    if (r->connection->error) {
        rc = NGX_HTTP_CLIENT_CLOSED_REQUEST;
    }

    if (rc != NGX_AGAIN) {

        /* an error page may take its time, and knows nothing of the bulk */

        r->read_event_handler = ngx_http_block_reading;

        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_opscom_bulk_wait(bulk);
}


/* NGX_AGAIN: all is done for now.  Else what the request is to end with. */

static ngx_int_t
ngx_http_opscom_bulk_work(ngx_http_opscom_bulk_t *bulk)
{
    ngx_int_t   rc;
    ngx_uint_t  parsed, sent, turn;

    turn = 0;

    do {
        rc = ngx_http_opscom_bulk_answer(bulk);

        if (rc != NGX_OK && rc != NGX_AGAIN) {
            return rc;
        }

        parsed = 0;
        bulk->reader.starved = 0;

        if (rc == NGX_OK) {
            parsed = ngx_http_opscom_bulk_reader_run(&bulk->reader);
        }

        sent = ngx_http_opscom_bulk_calls_send(&bulk->calls);

        turn += parsed;

        if (turn >= NGX_HTTP_OPSCOM_BULK_TURN) {
            ngx_add_timer(&bulk->turn, 0);
            return NGX_AGAIN;
        }

    } while (parsed || sent);

    if (rc == NGX_OK && bulk->reader.over
        && ngx_http_opscom_bulk_elements_are_empty(&bulk->elements))
    {
        rc = ngx_http_opscom_bulk_end(bulk);

        /* nginx sends what is left */

        return rc == NGX_AGAIN ? NGX_OK : rc;
    }

    return NGX_AGAIN;
}


/* The results that are there, in order; NGX_AGAIN: the client is slow. */

static ngx_int_t
ngx_http_opscom_bulk_answer(ngx_http_opscom_bulk_t *bulk)
{
    ngx_int_t                        rc;
    ngx_http_opscom_bulk_output_t   *output;
    ngx_http_opscom_bulk_element_t  *element;

    output = &bulk->output;

    if (output->blocked) {
        return NGX_AGAIN;
    }

    for ( ;; ) {
        element = ngx_http_opscom_bulk_elements_first(&bulk->elements);

        if (element) {
            ngx_http_opscom_bulk_output_result(output, &element->ctx);
            ngx_http_opscom_bulk_elements_remove_first(&bulk->elements);
        }

        if (element && !ngx_http_opscom_bulk_output_is_full(output)) {
            continue;
        }

        if (ngx_http_opscom_bulk_output_is_empty(output)) {
            return NGX_OK;
        }

        rc = ngx_http_opscom_bulk_output_send(output, 0);

        if (rc != NGX_OK || element == NULL) {
            return rc;
        }
    }
}


static void
ngx_http_opscom_bulk_wait(ngx_http_opscom_bulk_t *bulk)
{
    ngx_http_request_t  *r;

    r = bulk->request;

    if (bulk->reader.starved) {
        r->read_event_handler = ngx_http_opscom_bulk_event;

    } else if (r->reading_body) {
        ngx_http_opscom_bulk_input_pause(&bulk->reader.input);
        r->read_event_handler = ngx_http_opscom_bulk_paused;

    } else {
        r->read_event_handler = ngx_http_test_reading;
    }
}


/* A stream of HTTP/2 whose client has gone away is told so by this alone. */

static void
ngx_http_opscom_bulk_paused(ngx_http_request_t *r)
{
    if (r->connection->error) {
        ngx_http_opscom_bulk_event(r);
        return;
    }

    ngx_http_block_reading(r);
}


static ngx_int_t
ngx_http_opscom_bulk_end(ngx_http_opscom_bulk_t *bulk)
{
    ngx_http_request_t  *r;

    r = bulk->request;

    if (bulk->reader.error != NGX_HTTP_OPSCOM_NO_ERROR) {

        if (bulk->elements.next == 0) {
            return ngx_http_opscom_bulk_refuse(bulk);
        }

        ngx_http_opscom_bulk_last(bulk);
    }

    if (r->reading_body) {
        r->keepalive = 0;
        r->lingering_close = 1;
    }

    ngx_http_opscom_bulk_output_end(&bulk->output);

    return ngx_http_opscom_bulk_output_send(&bulk->output, 1);
}


/* Before the first element it is an error as any other. */

static ngx_int_t
ngx_http_opscom_bulk_refuse(ngx_http_opscom_bulk_t *bulk)
{
    if (bulk->reader.status) {
        return bulk->reader.status;
    }

    return ngx_http_opscom_response_error(bulk->request, bulk->ctx,
                                          bulk->reader.error);
}


/* What ended the array too early is its last object. */

static void
ngx_http_opscom_bulk_last(ngx_http_opscom_bulk_t *bulk)
{
    ngx_http_request_t     *r;
    ngx_http_opscom_ctx_t  *ctx, last;

    r = bulk->request;
    ctx = bulk->ctx;

    last = *ctx;
    last.element = 1;
    last.index = bulk->elements.next;
    last.result = NGX_HTTP_OPSCOM_RESULT_ERROR + bulk->reader.error;

    ngx_http_opscom_response_log(r, &last, bulk->reader.error);

    ngx_http_opscom_metrics_request(ngx_http_opscom_conf_metrics(r),
                                    NGX_HTTP_OPSCOM_BULK, last.result,
                                    &last.permit);

    ngx_http_opscom_bulk_output_result(&bulk->output, &last);
}
