
/* Commands out, replies in and matched in order. */


#include "ngx_opscom_pipeline.h"
#include "ngx_opscom_write.h"


#define NGX_OPSCOM_PIPELINE_BUFFER 16384

/* A call shares a command with calls among so many that came after it. */

#define NGX_OPSCOM_PIPELINE_WINDOW 64

/* Milliseconds in which a Redis nearby executes NGX_OPSCOM_MAX_JOINED calls. */

#define NGX_OPSCOM_PIPELINE_HOLD 1

#define NGX_OPSCOM_NOT_WRITTEN UINT64_MAX


static ngx_int_t ngx_opscom_pipeline_asking(ngx_opscom_pipeline_t *pipeline,
    ngx_msec_t deadline);
static void ngx_opscom_pipeline_asked(void *data, ngx_opscom_reply_t *reply);
static void ngx_opscom_pipeline_write(ngx_opscom_pipeline_t *pipeline);
static void ngx_opscom_pipeline_release(ngx_opscom_pipeline_t *pipeline);
static ngx_uint_t ngx_opscom_pipeline_gather(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t **calls);
static ngx_uint_t ngx_opscom_pipeline_is_busy(
    ngx_opscom_pipeline_t *pipeline);
static ngx_int_t ngx_opscom_pipeline_replies(ngx_opscom_pipeline_t *pipeline);
static ngx_int_t ngx_opscom_pipeline_reply(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_reply_t *reply);
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

    pipeline->hold = pipeline->flush;
    pipeline->hold.cancelable = 1; /* the calls have timers of their own */
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
    size_t              size;
    ngx_opscom_slot_t  *slot;

    if (call->asking
        && ngx_opscom_pipeline_asking(pipeline, deadline) != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = pipeline->reserved + ngx_opscom_command_size(call);

    if (ngx_opscom_out_reserve(&pipeline->out, size, pipeline->log) != NGX_OK) {
        return NGX_ERROR;
    }

    slot = ngx_opscom_inflight_push(&pipeline->inflight, pipeline->log);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    slot->call = call;
    slot->end = NGX_OPSCOM_NOT_WRITTEN;
    slot->deadline = deadline;

    call->number = pipeline->inflight.tail - 1;

    pipeline->reserved = size;
    pipeline->fresh++;

    if (call->asking) {
        call->asking = 0;
        ngx_opscom_pipeline_write(pipeline);
    }

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
                                       ngx_opscom_pipeline_asked, NULL,
                                       deadline);
}


static void
ngx_opscom_pipeline_asked(void *data, ngx_opscom_reply_t *reply)
{
    /* should it be an error, the next command is refused */
}


static void
ngx_opscom_pipeline_write(ngx_opscom_pipeline_t *pipeline)
{
    u_char                 *start;
    ngx_uint_t              n;
    ngx_opscom_out_t       *out;
    ngx_opscom_call_t      *calls[NGX_OPSCOM_MAX_JOINED];
    ngx_opscom_inflight_t  *inflight;

    out = &pipeline->out;
    inflight = &pipeline->inflight;

    while (pipeline->fresh) {
        n = ngx_opscom_pipeline_gather(pipeline, calls);

        start = out->last;
        out->last = ngx_opscom_command_write(start, calls, n);
        pipeline->written += out->last - start;

        ngx_opscom_inflight_written(inflight, inflight->tail - pipeline->fresh,
                                    n, pipeline->written);
        pipeline->fresh -= n;
    }

    pipeline->reserved = 0;

    ngx_opscom_pipeline_release(pipeline);
}


static void
ngx_opscom_pipeline_release(ngx_opscom_pipeline_t *pipeline)
{
    pipeline->hold.timedout = 0;

    if (pipeline->hold.timer_set) {
        ngx_del_timer(&pipeline->hold);
    }
}


/*
 * The next call to be written, and those that join it, brought together; all
 * others keep their order.
 */

static ngx_uint_t
ngx_opscom_pipeline_gather(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t **calls)
{
    uint64_t                first, last, number;
    ngx_uint_t              n;
    ngx_opscom_call_t      *call;
    ngx_opscom_inflight_t  *inflight;

    inflight = &pipeline->inflight;
    first = inflight->tail - pipeline->fresh;
    last = first + ngx_min(pipeline->fresh, NGX_OPSCOM_PIPELINE_WINDOW);

    calls[0] = ngx_opscom_inflight_slot(inflight, first)->call;
    n = 1;

    if (calls[0]->join.script == NULL) {
        return n;
    }

    for (number = first + 1; number < last; number++) {
        call = ngx_opscom_inflight_slot(inflight, number)->call;

        if (!ngx_opscom_command_joins(calls[0], call)) {
            continue;
        }

        ngx_opscom_inflight_move(inflight, number, first + n);
        calls[n++] = call;

        if (n == NGX_OPSCOM_MAX_JOINED) {
            break;
        }
    }

    return n;
}


/* The slot is taken first: bytes without a slot would shift all replies. */

ngx_int_t
ngx_opscom_pipeline_command(ngx_opscom_pipeline_t *pipeline, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step, void *data, ngx_msec_t deadline)
{
    size_t              before;
    ngx_opscom_slot_t  *slot;

    ngx_opscom_pipeline_write(pipeline);

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
    slot->data = data;
    slot->replies = 1;
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

    if (!ngx_opscom_pipeline_is_busy(pipeline)) {
        ngx_opscom_pipeline_write(pipeline);

    } else if (!pipeline->hold.timer_set) {
        ngx_add_timer(&pipeline->hold, NGX_OPSCOM_PIPELINE_HOLD);
    }

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

    if (pipeline->fresh == 0) {
        ngx_opscom_out_trim(out);
    }

    return ngx_opscom_socket_watch_write(&pipeline->sock);
}


/*
 * While Redis has as many calls to execute as a command may have, fewer wait
 * for others to join them.  Where it does not answer in the time that it needs
 * for so many, it is far away rather than busy.
 */

static ngx_uint_t
ngx_opscom_pipeline_is_busy(ngx_opscom_pipeline_t *pipeline)
{
    uint64_t  written;

    written = ngx_opscom_inflight_count(&pipeline->inflight) - pipeline->fresh;

    return written >= NGX_OPSCOM_MAX_JOINED
           && pipeline->fresh > 0 && pipeline->fresh < NGX_OPSCOM_MAX_JOINED
           && !pipeline->hold.timedout;
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

    if (pipeline->fresh) {
        ngx_opscom_pipeline_post(pipeline);
    }

    return ngx_opscom_socket_watch_read(&pipeline->sock);
}


static ngx_int_t
ngx_opscom_pipeline_replies(ngx_opscom_pipeline_t *pipeline)
{
    ngx_int_t            rc;
    ngx_opscom_reply_t  *reply;

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

        if (ngx_opscom_pipeline_reply(pipeline, reply) != NGX_OK) {
            return NGX_DONE;
        }
    }
}


/* To a command of its own, or to one or more calls. */

static ngx_int_t
ngx_opscom_pipeline_reply(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_reply_t *reply)
{
    ngx_uint_t           i, n, generation;
    ngx_opscom_slot_t    slot, *head;
    ngx_opscom_reply_t  *part;

    generation = pipeline->generation;

    head = ngx_opscom_inflight_head(&pipeline->inflight);
    n = head ? head->replies : 0;

    if (n == 0 || ngx_opscom_command_reply(reply, n, 0) == NULL) {
        ngx_opscom_pipeline_failed(pipeline, "unexpected reply");
        return NGX_DONE;
    }

    for (i = 0; i < n; i++) {
        part = ngx_opscom_command_reply(reply, n, i);
        (void) ngx_opscom_inflight_shift(&pipeline->inflight, &slot);

        if (slot.step) {
            slot.step(slot.data, part);

        } else {
            pipeline->reply(pipeline, slot.call, part);
        }

        if (pipeline->generation != generation) {
            return NGX_DONE;
        }
    }

    return NGX_OK;
}


static void
ngx_opscom_pipeline_failed(ngx_opscom_pipeline_t *pipeline, const char *what)
{
    pipeline->sock.handlers->failed(&pipeline->sock, what, 0);
}


ngx_int_t
ngx_opscom_pipeline_cancel(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call)
{
    ngx_opscom_slot_t       slot;
    ngx_opscom_inflight_t  *inflight;

    inflight = &pipeline->inflight;

    if (call->number < inflight->tail - pipeline->fresh) {
        ngx_opscom_inflight_slot(inflight, call->number)->call = NULL;
        return NGX_OK;
    }

    ngx_opscom_inflight_move(inflight, call->number, inflight->tail - 1);
    (void) ngx_opscom_inflight_pop(inflight, &slot);

    pipeline->fresh--;
    pipeline->reserved -= ngx_opscom_command_size(call);

    return NGX_DECLINED;
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

    if (slot.end == NGX_OPSCOM_NOT_WRITTEN) {
        pipeline->fresh--;
    }

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

    ngx_opscom_pipeline_release(pipeline);

    ngx_opscom_socket_close(&pipeline->sock);
    ngx_opscom_reader_destroy(&pipeline->reader);
    ngx_opscom_out_free(&pipeline->out);
    ngx_opscom_inflight_free(&pipeline->inflight);

    pipeline->fresh = 0;
    pipeline->reserved = 0;
    pipeline->written = 0;
    pipeline->sent = 0;
    pipeline->generation++;
}
