
/* The calls of a bulk request. */


#include "ngx_http_opscom_bulk_calls.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_write.h"
#include "store/ngx_opscom_text.h"


#define NGX_HTTP_OPSCOM_BULK_CALL_POOL 1024

#define NGX_HTTP_OPSCOM_BULK_MAX_KEY  (255 + sizeof("/") + NGX_INT64_LEN)


/* Its pool has the command, and texts of the reply. */

struct ngx_http_opscom_bulk_call_s {
    ngx_opscom_call_t                call;
    ngx_http_opscom_bulk_calls_t    *calls;
    ngx_pool_t                      *pool;
    uint64_t                         sent_at; /* microseconds */
    ngx_uint_t                       n;       /* elements; 0: it is free */
    ngx_http_opscom_bulk_element_t  *elements[NGX_OPSCOM_MAX_PUSHES];
    ngx_str_t                        ids[NGX_OPSCOM_MAX_PUSHES];
    ngx_opscom_result_t              results[NGX_OPSCOM_MAX_PUSHES];
};


/* While the command is being made. */

typedef struct {
    ngx_http_opscom_write_space_t  space;
    u_char                         key[NGX_HTTP_OPSCOM_BULK_MAX_KEY];
} ngx_http_opscom_bulk_space_t;


static ngx_http_opscom_bulk_call_t *ngx_http_opscom_bulk_calls_free(
    ngx_http_opscom_bulk_calls_t *calls);
static ngx_http_opscom_bulk_call_t *ngx_http_opscom_bulk_calls_create(
    ngx_http_opscom_bulk_calls_t *calls);
static ngx_int_t ngx_http_opscom_bulk_calls_send_one(
    ngx_http_opscom_bulk_call_t *call);
static ngx_uint_t ngx_http_opscom_bulk_calls_others(
    ngx_http_opscom_bulk_call_t *call);
static void ngx_http_opscom_bulk_calls_untake(
    ngx_http_opscom_bulk_call_t *call);
static ngx_int_t ngx_http_opscom_bulk_calls_build(
    ngx_http_opscom_bulk_call_t *call);
static void ngx_http_opscom_bulk_calls_key(ngx_http_opscom_ctx_t *ctx,
    ngx_str_t *key, u_char *space);
static ngx_int_t ngx_http_opscom_bulk_calls_read(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply);
static void ngx_http_opscom_bulk_calls_done(ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome);
static void ngx_http_opscom_bulk_calls_results(
    ngx_http_opscom_bulk_call_t *call, ngx_opscom_outcome_t outcome);
static void ngx_http_opscom_bulk_calls_refused(
    ngx_http_opscom_bulk_call_t *call);
static void ngx_http_opscom_bulk_calls_result(
    ngx_http_opscom_bulk_element_t *element, ngx_opscom_result_t *result);
static void ngx_http_opscom_bulk_calls_fail(ngx_http_opscom_bulk_call_t *call,
    ngx_http_opscom_error_id_t error);


ngx_int_t
ngx_http_opscom_bulk_calls_init(ngx_http_opscom_bulk_calls_t *calls)
{
    return ngx_http_opscom_bulk_calls_free(calls) ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_http_opscom_bulk_calls_send(ngx_http_opscom_bulk_calls_t *calls)
{
    ngx_uint_t                    n, sent;
    ngx_http_opscom_bulk_call_t  *call;

    sent = 0;

    for ( ;; ) {
        call = ngx_http_opscom_bulk_calls_free(calls);

        if (call == NULL) {
            return sent;
        }

        call->n = ngx_http_opscom_bulk_elements_take(calls->elements,
                                                     call->elements);
        if (call->n == 0) {
            return sent;
        }

        n = call->n;

        if (ngx_http_opscom_bulk_calls_send_one(call) == NGX_BUSY) {
            return sent;
        }

        sent += n;
    }
}


/* One that is not in use; NULL: all are for which there is memory. */

static ngx_http_opscom_bulk_call_t *
ngx_http_opscom_bulk_calls_free(ngx_http_opscom_bulk_calls_t *calls)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_OPSCOM_BULK_CALLS; i++) {

        if (calls->calls[i] == NULL) {
            calls->calls[i] = ngx_http_opscom_bulk_calls_create(calls);
            return calls->calls[i];
        }

        if (calls->calls[i]->n == 0) {
            return calls->calls[i];
        }
    }

    return NULL;
}


static ngx_http_opscom_bulk_call_t *
ngx_http_opscom_bulk_calls_create(ngx_http_opscom_bulk_calls_t *calls)
{
    ngx_http_opscom_bulk_call_t  *call;

    call = ngx_pcalloc(calls->request->pool,
                       sizeof(ngx_http_opscom_bulk_call_t));
    if (call == NULL) {
        return NULL;
    }

    call->pool = ngx_create_pool(NGX_HTTP_OPSCOM_BULK_CALL_POOL,
                                 calls->request->connection->log);
    if (call->pool == NULL) {
        return NULL;
    }

    call->calls = calls;

    return call;
}


/* NGX_BUSY: its elements are to be sent when another call has ended. */

static ngx_int_t
ngx_http_opscom_bulk_calls_send_one(ngx_http_opscom_bulk_call_t *call)
{
    ngx_int_t                    rc;
    ngx_http_request_t          *r;
    ngx_http_opscom_ctx_t       *whole;
    ngx_http_opscom_loc_conf_t  *olcf;

    r = call->calls->request;
    whole = ngx_http_get_module_ctx(r, ngx_http_opscom_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);

    ngx_memzero(&call->call, sizeof(ngx_opscom_call_t));

    call->call.read = ngx_http_opscom_bulk_calls_read;
    call->call.done = ngx_http_opscom_bulk_calls_done;
    call->call.data = call;

    if (ngx_http_opscom_bulk_calls_build(call) != NGX_OK) {
        ngx_http_opscom_bulk_calls_fail(call, NGX_HTTP_OPSCOM_INTERNAL_ERROR);
        return NGX_OK;
    }

    call->sent_at = ngx_http_opscom_metrics_clock();

    rc = ngx_opscom_store_send(olcf->store, &call->call);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "opscom bulk call of %ui sent: %i", call->n, rc);

    if (rc == NGX_OK) {
        if (!whole->sent) {
            whole->sent = 1;
            whole->sent_at = call->sent_at;
        }

        return NGX_OK;
    }

    /* a request must not be refused because of itself */

    if (rc == NGX_BUSY && ngx_http_opscom_bulk_calls_others(call)) {
        ngx_http_opscom_bulk_calls_untake(call);
        return NGX_BUSY;
    }

    if (rc == NGX_BUSY) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "opscom: too many commands in flight");
    }

    ngx_http_opscom_bulk_calls_fail(call, NGX_HTTP_OPSCOM_STORE_UNAVAILABLE);

    return NGX_OK;
}


/* How many other calls of the request are under way. */

static ngx_uint_t
ngx_http_opscom_bulk_calls_others(ngx_http_opscom_bulk_call_t *call)
{
    ngx_uint_t                    i, n;
    ngx_http_opscom_bulk_call_t  *other;

    n = 0;

    for (i = 0; i < NGX_HTTP_OPSCOM_BULK_CALLS; i++) {
        other = call->calls->calls[i];

        if (other && other != call && other->n) {
            n++;
        }
    }

    return n;
}


static void
ngx_http_opscom_bulk_calls_untake(ngx_http_opscom_bulk_call_t *call)
{
    ngx_http_opscom_bulk_elements_untake(call->calls->elements,
                                         call->elements, call->n);

    ngx_reset_pool(call->pool);
    call->n = 0;
}


static ngx_int_t
ngx_http_opscom_bulk_calls_build(ngx_http_opscom_bulk_call_t *call)
{
    ngx_uint_t                    i;
    ngx_http_request_t           *r;
    ngx_opscom_write_t            writes[NGX_OPSCOM_MAX_PUSHES];
    ngx_http_opscom_ctx_t        *ctx, *whole;
    ngx_http_opscom_bulk_space_t  space[NGX_OPSCOM_MAX_PUSHES];

    r = call->calls->request;
    whole = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    for (i = 0; i < call->n; i++) {
        ctx = &call->elements[i]->ctx;

        ngx_http_opscom_bulk_calls_key(ctx, &whole->idempotency_key,
                                       space[i].key);

        if (ngx_http_opscom_write_permit(r, ctx, &writes[i], &space[i].space)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        call->ids[i] = ctx->reference_id;
    }

    return ngx_opscom_permits_pushes(&call->call, writes, call->n, call->pool);
}


/* "K/<index>", which is of use only as long as the command is being made. */

static void
ngx_http_opscom_bulk_calls_key(ngx_http_opscom_ctx_t *ctx, ngx_str_t *key,
    u_char *space)
{
    if (key->len) {
        ctx->idempotency_key.data = space;
        ctx->idempotency_key.len = ngx_sprintf(space, "%V/%uL", key,
                                               ctx->index)
                                   - space;
    }
}


static ngx_int_t
ngx_http_opscom_bulk_calls_read(ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply)
{
    ngx_http_opscom_bulk_call_t  *bulk;

    bulk = call->data;

    return ngx_opscom_results_pushes(reply, bulk->ids, bulk->n, bulk->results,
                                      bulk->pool);
}


static void
ngx_http_opscom_bulk_calls_done(ngx_opscom_call_t *call,
    ngx_opscom_outcome_t outcome)
{
    uint64_t                       us;
    ngx_http_request_t            *r;
    ngx_http_opscom_ctx_t         *whole;
    ngx_http_opscom_bulk_call_t   *bulk;
    ngx_http_opscom_bulk_calls_t  *calls;

    bulk = call->data;
    calls = bulk->calls;
    r = calls->request;
    whole = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    us = ngx_http_opscom_metrics_clock() - bulk->sent_at;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "opscom bulk call done: %d, %uL us", outcome, us);

    ngx_http_opscom_metrics_trip(ngx_http_opscom_conf_metrics(r), us);

    whole->store_time = ngx_max(whole->store_time, us);

    ngx_http_opscom_bulk_calls_results(bulk, outcome);

    calls->ended(r);
}


static void
ngx_http_opscom_bulk_calls_results(ngx_http_opscom_bulk_call_t *call,
    ngx_opscom_outcome_t outcome)
{
    ngx_uint_t                       i;
    ngx_http_opscom_error_id_t       error;
    ngx_http_opscom_bulk_element_t  *element;

    if (outcome == NGX_OPSCOM_DONE) {
        ngx_http_opscom_bulk_calls_refused(call);
    }

    for (i = 0; i < call->n; i++) {
        element = call->elements[i];

        if (outcome == NGX_OPSCOM_DONE) {
            ngx_http_opscom_bulk_calls_result(element, &call->results[i]);
        }

        element->ctx.call.maybe_executed = call->call.maybe_executed;

        error = ngx_http_opscom_write_result(&element->ctx, outcome);

        ngx_str_null(&element->ctx.written.label);
        ngx_str_null(&element->ctx.written.reason);

        ngx_http_opscom_bulk_elements_done(call->calls->elements, element,
                                           error);
    }

    ngx_reset_pool(call->pool);
    call->n = 0;
}


/* Some of many; where Redis refused all, the store has logged it. */

static void
ngx_http_opscom_bulk_calls_refused(ngx_http_opscom_bulk_call_t *call)
{
    size_t       len;
    u_char       shown[NGX_OPSCOM_TEXT_SHOWN];
    ngx_str_t   *reason;
    ngx_uint_t   i, refused;

    reason = NULL;
    refused = 0;

    for (i = 0; i < call->n; i++) {

        if (call->results[i].verdict == NGX_OPSCOM_REFUSED) {
            reason = &call->results[i].reason;
            refused++;

            ngx_opscom_account_refusal(call->call.account, reason);
        }
    }

    if (refused) {
        len = ngx_opscom_text_show(shown, sizeof(shown), reason);

        ngx_log_error(NGX_LOG_ERR, call->calls->request->connection->log, 0,
                      "opscom: Redis refused %ui of %ui permits: %*s",
                      refused, call->n, len, shown);
    }
}


/* The reference ID is needed for longer than the call, its texts are not. */

static void
ngx_http_opscom_bulk_calls_result(ngx_http_opscom_bulk_element_t *element,
    ngx_opscom_result_t *result)
{
    ngx_opscom_result_t  *written;

    written = &element->ctx.written;

    *written = *result;

    if (written->reference_id.len) {
        ngx_memcpy(element->replayed, result->reference_id.data,
                   result->reference_id.len);
        written->reference_id.data = element->replayed;
    }
}


/* It was not sent. */

static void
ngx_http_opscom_bulk_calls_fail(ngx_http_opscom_bulk_call_t *call,
    ngx_http_opscom_error_id_t error)
{
    ngx_uint_t  i;

    for (i = 0; i < call->n; i++) {
        ngx_http_opscom_bulk_elements_done(call->calls->elements,
                                           call->elements[i], error);
    }

    ngx_reset_pool(call->pool);
    call->n = 0;
}


void
ngx_http_opscom_bulk_calls_cancel(ngx_http_opscom_bulk_calls_t *calls)
{
    ngx_uint_t                    i;
    ngx_http_opscom_bulk_call_t  *call;

    for (i = 0; i < NGX_HTTP_OPSCOM_BULK_CALLS; i++) {
        call = calls->calls[i];

        if (call == NULL) {
            continue;
        }

        if (call->n) {
            ngx_opscom_store_cancel(&call->call);
        }

        ngx_destroy_pool(call->pool);
    }
}
