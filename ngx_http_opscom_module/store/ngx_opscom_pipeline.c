
/* Commands out, replies in and matched in order. */


#include "ngx_opscom_pipeline.h"
#include "ngx_opscom_write.h"


#define NGX_OPSCOM_PIPELINE_BUFFER 16384


static ngx_int_t ngx_opscom_pipeline_asking(ngx_opscom_pipeline_t *pipeline,
    ngx_msec_t deadline);
static void ngx_opscom_pipeline_asked(void *data, ngx_opscom_reply_t *reply);
static size_t ngx_opscom_pipeline_size(ngx_opscom_call_t *call);
static u_char *ngx_opscom_pipeline_script(u_char *p, ngx_opscom_call_t *call);
static ngx_int_t ngx_opscom_pipeline_replies(ngx_opscom_pipeline_t *pipeline);
static void ngx_opscom_pipeline_failed(ngx_opscom_pipeline_t *pipeline,
    const char *what);


void
ngx_opscom_pipeline_init(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_pipeline_reply_pt reply, ngx_event_handler_pt flush, void *data,
    ngx_log_t *log)
{
    pipeline->reply = reply;
    pipeline->data = data;
    pipeline->log = log;

    pipeline->flush.handler = flush;
    pipeline->flush.data = data;
    pipeline->flush.log = log;
}


ngx_int_t
ngx_opscom_pipeline_open(ngx_opscom_pipeline_t *pipeline)
{
    return ngx_opscom_reader_init(&pipeline->reader, pipeline->log);
}


ngx_int_t
ngx_opscom_pipeline_call(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call, ngx_msec_t deadline)
{
    u_char             *p, *start;
    ngx_opscom_slot_t  *slot;

    if (call->asking
        && ngx_opscom_pipeline_asking(pipeline, deadline) != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->asking = 0;

    if (ngx_opscom_out_reserve(&pipeline->out, ngx_opscom_pipeline_size(call),
                               pipeline->log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    slot = ngx_opscom_inflight_push(&pipeline->inflight, pipeline->log);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    start = pipeline->out.last;

    p = call->script ? ngx_opscom_pipeline_script(start, call)
                     : ngx_opscom_write_header(start, call->argc);

    p = ngx_cpymem(p, call->words.data, call->words.len);

    pipeline->out.last = p;
    pipeline->written += p - start;

    slot->call = call;
    slot->end = pipeline->written;
    slot->deadline = deadline;

    call->number = pipeline->inflight.tail - 1;

    ngx_opscom_pipeline_post(pipeline);

    return NGX_OK;
}


/* Redis Cluster: the next command is for a slot that is being imported. */

static ngx_int_t
ngx_opscom_pipeline_asking(ngx_opscom_pipeline_t *pipeline,
    ngx_msec_t deadline)
{
    static ngx_str_t  asking = ngx_string("ASKING");

    return ngx_opscom_pipeline_command(pipeline, &asking, 1,
                                       ngx_opscom_pipeline_asked, deadline);
}


static void
ngx_opscom_pipeline_asked(void *data, ngx_opscom_reply_t *reply)
{
    /* should it be an error, the next command is refused */
}


/* EVALSHA, a name or a source, the number of keys, the words. */

static size_t
ngx_opscom_pipeline_size(ngx_opscom_call_t *call)
{
    size_t  size;

    size = NGX_OPSCOM_HEADER_SIZE + call->words.len;

    if (call->script == NULL) {
        return size;
    }

    size += 3 * NGX_OPSCOM_ARGUMENT_SIZE(64);

    /* not "?:": GCC 14 reads the source's length whatever the bit is */

    if (call->by_source) {
        size += call->script->source.len;
    }

    return size;
}


static u_char *
ngx_opscom_pipeline_script(u_char *p, ngx_opscom_call_t *call)
{
    p = ngx_opscom_write_header(p, call->argc + 3);

    if (call->by_source) {
        p = ngx_opscom_write_argument(p, (u_char *) "EVAL", 4);
        p = ngx_opscom_write_argument(p, call->script->source.data,
                                      call->script->source.len);

    } else {
        p = ngx_cpymem(p, call->script->evalsha,
                       sizeof(call->script->evalsha));
    }

    return ngx_opscom_write_integer(p, call->nkeys);
}


/* The slot is taken first: bytes without a slot would shift all replies. */

ngx_int_t
ngx_opscom_pipeline_command(ngx_opscom_pipeline_t *pipeline, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step, ngx_msec_t deadline)
{
    size_t              before;
    ngx_opscom_slot_t  *slot;

    slot = ngx_opscom_inflight_push(&pipeline->inflight, pipeline->log);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    before = pipeline->out.last - pipeline->out.pos;

    if (ngx_opscom_write_command(&pipeline->out, argv, argc, pipeline->log)
        != NGX_OK)
    {
        pipeline->inflight.tail--;
        return NGX_ERROR;
    }

    pipeline->written += (pipeline->out.last - pipeline->out.pos) - before;

    slot->step = step;
    slot->end = pipeline->written;
    slot->deadline = deadline;

    ngx_opscom_pipeline_post(pipeline);

    return NGX_OK;
}


void
ngx_opscom_pipeline_post(ngx_opscom_pipeline_t *pipeline)
{
    if (!pipeline->flush.posted) {
        ngx_post_event(&pipeline->flush, &ngx_posted_events);
    }
}


ngx_int_t
ngx_opscom_pipeline_send(ngx_opscom_pipeline_t *pipeline)
{
    ssize_t            n;
    ngx_opscom_out_t  *out;

    out = &pipeline->out;

    while (out->pos < out->last) {

        n = ngx_opscom_socket_send(&pipeline->sock, out->pos,
                                   out->last - out->pos);

        if (n == NGX_DONE) {
            return NGX_DONE;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        pipeline->sent += n;
        ngx_opscom_out_sent(out, n);
    }

    return ngx_opscom_socket_watch_write(&pipeline->sock);
}


ngx_int_t
ngx_opscom_pipeline_receive(ngx_opscom_pipeline_t *pipeline)
{
    ssize_t  n;

    /* pipelines read in turn: one buffer serves them all */

    static u_char  buffer[NGX_OPSCOM_PIPELINE_BUFFER];

    do {
        n = ngx_opscom_socket_recv(&pipeline->sock, buffer, sizeof(buffer));

        if (n == NGX_DONE) {
            return NGX_DONE;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        if (ngx_opscom_reader_feed(&pipeline->reader, buffer, n) != NGX_OK) {
            ngx_opscom_pipeline_failed(pipeline,
                                 ngx_opscom_reader_error(&pipeline->reader));
            return NGX_DONE;
        }

        if (ngx_opscom_pipeline_replies(pipeline) != NGX_OK) {
            return NGX_DONE;
        }

    } while (ngx_opscom_socket_is_ready(&pipeline->sock));

    return ngx_opscom_socket_watch_read(&pipeline->sock);
}


static ngx_int_t
ngx_opscom_pipeline_replies(ngx_opscom_pipeline_t *pipeline)
{
    ngx_int_t            rc;
    ngx_uint_t           generation;
    ngx_opscom_slot_t    slot;
    ngx_opscom_reply_t  *reply;

    generation = pipeline->generation;

    for ( ;; ) {
        rc = ngx_opscom_reader_next(&pipeline->reader, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_opscom_pipeline_failed(pipeline,
                                 ngx_opscom_reader_error(&pipeline->reader));
            return NGX_DONE;
        }

        if (ngx_opscom_inflight_shift(&pipeline->inflight, &slot) != NGX_OK) {
            ngx_opscom_pipeline_failed(pipeline, "unexpected reply");
            return NGX_DONE;
        }

        if (slot.step) {
            slot.step(pipeline->data, reply);

        } else {
            pipeline->reply(pipeline, slot.call, reply);
        }

        if (pipeline->generation != generation) {
            return NGX_DONE;
        }
    }
}


static void
ngx_opscom_pipeline_failed(ngx_opscom_pipeline_t *pipeline, const char *what)
{
    pipeline->sock.handlers->failed(&pipeline->sock, what, 0);
}


void
ngx_opscom_pipeline_cancel(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call)
{
    ngx_opscom_inflight_slot(&pipeline->inflight, call->number)->call = NULL;
}


ngx_int_t
ngx_opscom_pipeline_drain(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t **call, ngx_uint_t *sent)
{
    ngx_opscom_slot_t  slot;

    do {
        if (ngx_opscom_inflight_pop(&pipeline->inflight, &slot) != NGX_OK) {
            return NGX_DECLINED;
        }

    } while (slot.step);

    *call = slot.call;
    *sent = (slot.end <= pipeline->sent);

    return NGX_OK;
}


void
ngx_opscom_pipeline_close(ngx_opscom_pipeline_t *pipeline)
{
    if (pipeline->flush.posted) {
        ngx_delete_posted_event(&pipeline->flush);
    }

    ngx_opscom_socket_close(&pipeline->sock);
    ngx_opscom_reader_destroy(&pipeline->reader);
    ngx_opscom_out_free(&pipeline->out);
    ngx_opscom_inflight_free(&pipeline->inflight);

    pipeline->written = 0;
    pipeline->sent = 0;
    pipeline->generation++;
}
