
/*
 * The life of a link, but for its end, which is ngx_opscom_loss.c's; bytes are
 * ngx_opscom_wire.c's, replies ngx_opscom_reply.c's.
 */


#include "ngx_opscom_link.h"


static void ngx_opscom_link_wait(
    ngx_opscom_link_t *link, ngx_opscom_call_t *call);
static ngx_int_t ngx_opscom_link_asking(ngx_opscom_link_t *link);
static void      ngx_opscom_link_asked(
         ngx_opscom_link_t *link, ngx_opscom_reply_t *reply);
static u_char   *ngx_opscom_link_script(u_char *p, ngx_opscom_call_t *call);
static ngx_int_t ngx_opscom_link_deadline(
    ngx_opscom_link_t *link, ngx_msec_t *deadline);
static void ngx_opscom_link_overdue(ngx_event_t *ev);
static void ngx_opscom_link_overdue_waiting(ngx_opscom_link_t *link);


void
ngx_opscom_link_init(
    ngx_opscom_link_t *link, ngx_opscom_store_t *store, ngx_array_t *addresses)
{
    ngx_memzero(link, sizeof(ngx_opscom_link_t));

    link->store = store;
    link->settings = ngx_opscom_store_settings(store);
    link->addresses = addresses;
    link->target = addresses->elts;

    link->log = *ngx_cycle->log;
    link->log.handler = NULL;
    link->log.action = NULL;

    /* nginx would report each failed attempt, the link reports the first */

    link->quiet = link->log;
    link->quiet.log_level = ngx_min(link->quiet.log_level, NGX_LOG_ALERT);

    ngx_queue_init(&link->waiting);
    ngx_queue_init(&link->held);

    link->flush.handler = ngx_opscom_wire_flush;
    link->flush.data = link;
    link->flush.log = &link->log;

    link->overdue.handler = ngx_opscom_link_overdue;
    link->overdue.data = link;
    link->overdue.log = &link->log;

    link->retry.handler = ngx_opscom_link_retry;
    link->retry.data = link;
    link->retry.log = &link->log;
    link->retry.cancelable = 1;
}


ngx_int_t
ngx_opscom_link_send(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    call->link = link;

    if (link->state == NGX_OPSCOM_LINK_READY) {
        return ngx_opscom_link_submit(link, call);
    }

    if (link->state == NGX_OPSCOM_LINK_IDLE) {
        (void) ngx_opscom_link_open(link);
    }

    if (link->state == NGX_OPSCOM_LINK_PAUSED || link->trial || link->stale) {
        link->refused++;
        return NGX_DECLINED;
    }

    if (link->state == NGX_OPSCOM_LINK_READY) {
        return ngx_opscom_link_submit(link, call);
    }

    ngx_opscom_link_wait(link, call);

    return NGX_OK;
}


ngx_int_t
ngx_opscom_link_open(ngx_opscom_link_t *link)
{
    link->tried = 1;
    link->deadline = ngx_current_msec + link->settings->connect_timeout;

    return ngx_opscom_reach(link);
}


static void
ngx_opscom_link_wait(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    call->state = NGX_OPSCOM_CALL_WAITING;
    ngx_queue_insert_tail(&link->waiting, &call->queue);

    ngx_opscom_link_watch(link);
}


ngx_int_t
ngx_opscom_link_submit(ngx_opscom_link_t *link, ngx_opscom_call_t *call)
{
    size_t             size;
    u_char            *p, *start;
    ngx_opscom_slot_t *slot;

    if (call->asking && ngx_opscom_link_asking(link) != NGX_OK) {
        return NGX_ERROR;
    }

    call->asking = 0;

    /* EVALSHA, a name or a source, the number of keys */

    size = NGX_OPSCOM_HEADER_SIZE + 3 * NGX_OPSCOM_ARGUMENT_SIZE(64)
        + call->words.len;

    if (call->by_source) {
        size += call->script->source.len;
    }

    if (ngx_opscom_out_reserve(&link->out, size, &link->log) != NGX_OK) {
        return NGX_ERROR;
    }

    slot = ngx_opscom_order_push(&link->order, &link->log);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    start = link->out.last;

    if (call->script) {
        p = ngx_opscom_link_script(start, call);

    } else {
        p = ngx_opscom_write_header(start, call->argc);
    }

    p = ngx_cpymem(p, call->words.data, call->words.len);

    link->out.last = p;
    link->written += p - start;

    slot->call = call;
    slot->end = link->written;
    slot->deadline = call->deadline;

    call->link = link;
    call->state = NGX_OPSCOM_CALL_SENT;
    call->number = link->order.tail - 1;

    if (call->replicas > link->replicas) {
        link->replicas = call->replicas;
    }

    if (call->replicas && call->replicas_time > link->replicas_time) {
        link->replicas_time = call->replicas_time;
    }

    ngx_opscom_wire_post(link);
    ngx_opscom_link_watch(link);

    return NGX_OK;
}


/* Redis Cluster: the next command is for a slot that is on its way there. */

static ngx_int_t
ngx_opscom_link_asking(ngx_opscom_link_t *link)
{
    static ngx_str_t asking = ngx_string("ASKING");

    return ngx_opscom_link_command(
        link, &asking, 1, ngx_opscom_link_asked, link->settings->timeout);
}


static void
ngx_opscom_link_asked(ngx_opscom_link_t *link, ngx_opscom_reply_t *reply)
{
    /* should it be an error, the next command is refused */
}


static u_char *
ngx_opscom_link_script(u_char *p, ngx_opscom_call_t *call)
{
    p = ngx_opscom_write_header(p, call->argc + 3);

    if (call->by_source) {
        p = ngx_opscom_write_argument(p, (u_char *) "EVAL", 4);
        p = ngx_opscom_write_argument(
            p, call->script->source.data, call->script->source.len);

    } else {
        p = ngx_cpymem(
            p, call->script->evalsha, sizeof(call->script->evalsha));
    }

    return ngx_opscom_write_integer(p, call->nkeys);
}


ngx_int_t
ngx_opscom_link_command(ngx_opscom_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step, ngx_msec_t timeout)
{
    size_t             before;
    ngx_opscom_slot_t *slot;

    before = link->out.last - link->out.pos;

    if (ngx_opscom_write_command(&link->out, argv, argc, &link->log) != NGX_OK)
    {
        return NGX_ERROR;
    }

    link->written += (link->out.last - link->out.pos) - before;

    slot = ngx_opscom_order_push(&link->order, &link->log);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    slot->step = step;
    slot->end = link->written;
    slot->deadline = ngx_current_msec + timeout;

    ngx_opscom_wire_post(link);

    return NGX_OK;
}


void
ngx_opscom_link_ready(ngx_opscom_link_t *link)
{
    ngx_queue_t        waiting, *q;
    ngx_opscom_call_t *call;

    link->state = NGX_OPSCOM_LINK_READY;
    link->trial = 0;

    ngx_opscom_reach_log(link, &link->log);

    if (link->down) {
        link->down = 0;

        ngx_log_error(NGX_LOG_ERR, &link->log, 0,
            "opscom: redis %V is back after %M ms,"
            " %ui requests were refused",
            ngx_opscom_link_name(link), ngx_current_msec - link->down_since,
            link->refused);

        (void) ngx_atomic_fetch_add(
            &ngx_opscom_store_gauges(link->store)->down, -1);
    }

    /* it was set for the deadline of becoming ready */

    if (link->overdue.timer_set) {
        ngx_del_timer(&link->overdue);
    }

    ngx_queue_init(&waiting);

    if (!ngx_queue_empty(&link->waiting)) {
        ngx_queue_add(&waiting, &link->waiting);
        ngx_queue_init(&link->waiting);
    }

    while (!ngx_queue_empty(&waiting)) {
        q = ngx_queue_head(&waiting);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_opscom_call_t, queue);

        if (ngx_opscom_link_submit(link, call) != NGX_OK) {
            call->state = NGX_OPSCOM_CALL_NEW;
            ngx_opscom_store_ended(link->store);
            call->done(call, NGX_OPSCOM_UNAVAILABLE);
        }
    }

    ngx_opscom_link_watch(link);
    ngx_opscom_store_changed(link->store);
}


void
ngx_opscom_link_watch(ngx_opscom_link_t *link)
{
    ngx_msec_t deadline;

    /* an exiting worker waits for timers that somebody waits behind */

    link->overdue.cancelable = !ngx_opscom_link_is_busy(link);

    if (link->overdue.timer_set
        || ngx_opscom_link_deadline(link, &deadline) != NGX_OK)
    {
        return;
    }

    deadline -= ngx_current_msec;

    ngx_add_timer(
        &link->overdue, (ngx_msec_int_t) deadline > 0 ? deadline : 1);
}


/* The nearest deadline, or NGX_DECLINED where there is none. */

static ngx_int_t
ngx_opscom_link_deadline(ngx_opscom_link_t *link, ngx_msec_t *deadline)
{
    ngx_queue_t       *q;
    ngx_opscom_call_t *call;
    ngx_opscom_slot_t *slot;

    switch (link->state) {

    case NGX_OPSCOM_LINK_IDLE:
    case NGX_OPSCOM_LINK_PAUSED:
        return NGX_DECLINED;

    case NGX_OPSCOM_LINK_READY:
        slot = ngx_opscom_order_head(&link->order);

        if (slot == NULL) {
            return NGX_DECLINED;
        }

        *deadline = slot->deadline;

        return NGX_OK;

    default:
        *deadline = link->deadline;

        if (ngx_queue_empty(&link->waiting)) {
            return NGX_OK;
        }

        q = ngx_queue_head(&link->waiting);
        call = ngx_queue_data(q, ngx_opscom_call_t, queue);

        if ((ngx_msec_int_t) (call->deadline - *deadline) < 0) {
            *deadline = call->deadline;
        }

        return NGX_OK;
    }
}


static void
ngx_opscom_link_overdue(ngx_event_t *ev)
{
    ngx_opscom_slot_t *slot;
    ngx_opscom_link_t *link;

    link = ev->data;

    if (link->state == NGX_OPSCOM_LINK_READY) {
        slot = ngx_opscom_order_head(&link->order);

        if (slot && (ngx_msec_int_t) (slot->deadline - ngx_current_msec) <= 0)
        {
            ngx_opscom_link_fail(link, "no reply in time", 0);
        }

    } else if (link->state != NGX_OPSCOM_LINK_IDLE
        && link->state != NGX_OPSCOM_LINK_PAUSED)
    {
        if ((ngx_msec_int_t) (link->deadline - ngx_current_msec) <= 0) {
            ngx_opscom_link_fail(link, "no connection in time", 0);

        } else {
            ngx_opscom_link_overdue_waiting(link);
        }
    }

    ngx_opscom_link_watch(link);
}


static void
ngx_opscom_link_overdue_waiting(ngx_opscom_link_t *link)
{
    ngx_queue_t        ended, *q;
    ngx_opscom_call_t *call;

    ngx_queue_init(&ended);

    while (!ngx_queue_empty(&link->waiting)) {
        q = ngx_queue_head(&link->waiting);
        call = ngx_queue_data(q, ngx_opscom_call_t, queue);

        if ((ngx_msec_int_t) (call->deadline - ngx_current_msec) > 0) {
            break;
        }

        ngx_queue_remove(q);
        ngx_opscom_link_end(call, &ended, NGX_OPSCOM_UNAVAILABLE);
    }

    ngx_opscom_link_finish(link, &ended);
}


void
ngx_opscom_link_retire(ngx_opscom_link_t *link)
{
    link->stale = 1;
}


void
ngx_opscom_link_close(ngx_opscom_link_t *link)
{
    ngx_opscom_reach_close(link);
    ngx_opscom_order_free(&link->order);

    if (link->retry.timer_set) {
        ngx_del_timer(&link->retry);
    }

    if (link->overdue.timer_set) {
        ngx_del_timer(&link->overdue);
    }

    if (link->down) {
        link->down = 0;
        (void) ngx_atomic_fetch_add(
            &ngx_opscom_store_gauges(link->store)->down, -1);
    }

    link->state = NGX_OPSCOM_LINK_IDLE;
}


ngx_int_t
ngx_opscom_link_is_busy(ngx_opscom_link_t *link)
{
    return link->order.head != link->order.tail
        || !ngx_queue_empty(&link->waiting) || !ngx_queue_empty(&link->held);
}


ngx_str_t *
ngx_opscom_link_name(ngx_opscom_link_t *link)
{
    return &link->target->text;
}


void
ngx_opscom_call_cancel(ngx_opscom_call_t *call)
{
    ngx_opscom_store_t *store;

    switch (call->state) {

    case NGX_OPSCOM_CALL_NEW:
        return;

    case NGX_OPSCOM_CALL_SENT:

        /* the reply will still come, and must find its place */

        ngx_opscom_order_slot(&call->link->order, call->number)->call = NULL;
        break;

    default:
        store = call->link->store;
        ngx_queue_remove(&call->queue);
        ngx_opscom_store_ended(store);
    }

    call->state = NGX_OPSCOM_CALL_NEW;
}
