
/* A link's bytes: one write for each turn of the event loop, read as they
 * come. */


#include "ngx_opscom_link.h"


#define NGX_OPSCOM_WIRE_READ 16384


static ngx_int_t ngx_opscom_wire_replicas(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_wire_replies(ngx_opscom_link_t *link);


void
ngx_opscom_wire_post(ngx_opscom_link_t *link)
{
    if (!link->flush.posted) {
        ngx_post_event(&link->flush, &ngx_posted_events);
    }
}


void
ngx_opscom_wire_flush(ngx_event_t *ev)
{
    ngx_opscom_link_t *link;

    link = ev->data;

    if (link->replicas && ngx_opscom_wire_replicas(link) != NGX_OK) {
        ngx_opscom_link_fail(link, "no memory", 0);
        return;
    }

    ngx_opscom_wire_write(link->peer.connection->write);
}


/* One WAIT behind all writes of the turn. */

static ngx_int_t
ngx_opscom_wire_replicas(ngx_opscom_link_t *link)
{
    u_char     replicas[NGX_INT_T_LEN], time[NGX_INT_T_LEN];
    ngx_str_t  argv[3];
    ngx_msec_t timeout;

    ngx_str_set(&argv[0], "WAIT");

    argv[1].data = replicas;
    argv[1].len = ngx_sprintf(replicas, "%ui", link->replicas) - replicas;

    argv[2].data = time;
    argv[2].len = ngx_sprintf(time, "%M", link->replicas_time) - time;

    timeout = link->settings->timeout + link->replicas_time;

    link->replicas = 0;
    link->replicas_time = 0;

    return ngx_opscom_link_command(
        link, argv, 3, ngx_opscom_reply_replicas, timeout);
}


void
ngx_opscom_wire_write(ngx_event_t *wev)
{
    ssize_t            n;
    ngx_connection_t  *c;
    ngx_opscom_link_t *link;

    c = wev->data;
    link = c->data;

    while (link->out.pos < link->out.last) {

        n = c->send(c, link->out.pos, link->out.last - link->out.pos);

        if (n == NGX_ERROR) {
            ngx_opscom_link_fail(link, "send() failed", ngx_socket_errno);
            return;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        link->sent += n;
        ngx_opscom_out_sent(&link->out, n);
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_opscom_link_fail(link, "no write event", 0);
    }
}


void
ngx_opscom_wire_read(ngx_event_t *rev)
{
    ssize_t            n;
    ngx_connection_t  *c;
    ngx_opscom_link_t *link;

    /* links read in turn: one buffer serves them all */

    static u_char buffer[NGX_OPSCOM_WIRE_READ];

    c = rev->data;
    link = c->data;

    for (;;) {

        n = c->recv(c, buffer, NGX_OPSCOM_WIRE_READ);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_opscom_link_fail(link, "recv() failed", ngx_socket_errno);
            return;
        }

        if (n == 0) {
            ngx_opscom_link_fail(link, "closed by Redis", 0);
            return;
        }

        if (ngx_opscom_reader_feed(&link->reader, buffer, n) != NGX_OK) {
            ngx_opscom_link_fail(
                link, ngx_opscom_reader_error(&link->reader), 0);
            return;
        }

        if (ngx_opscom_wire_replies(link) != NGX_OK) {
            return;
        }

        if (!rev->ready) {
            break;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_opscom_link_fail(link, "no read event", 0);
        return;
    }

    if (link->stale && !ngx_opscom_link_is_busy(link)) {
        ngx_opscom_link_fail(link, "it is no master any more", 0);
        return;
    }

    ngx_opscom_link_watch(link);
}


/* NGX_DONE: the connection is gone. */

static ngx_int_t
ngx_opscom_wire_replies(ngx_opscom_link_t *link)
{
    ngx_int_t           rc;
    ngx_uint_t          generation;
    ngx_opscom_slot_t   slot;
    ngx_opscom_reply_t *reply;

    generation = link->generation;

    for (;;) {
        rc = ngx_opscom_reader_next(&link->reader, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_opscom_link_fail(
                link, ngx_opscom_reader_error(&link->reader), 0);
            return NGX_DONE;
        }

        if (ngx_opscom_order_head(&link->order) == NULL) {
            ngx_opscom_link_fail(link, "a reply that nobody asked for", 0);
            return NGX_DONE;
        }

        slot = *ngx_opscom_order_head(&link->order);
        link->order.head++;

        if (slot.step) {
            slot.step(link, reply);

        } else if (slot.call) {
            ngx_opscom_reply_take(link, slot.call, reply);

        } else {
            ngx_opscom_store_ended(link->store);
        }

        if (link->generation != generation) {
            return NGX_DONE;
        }
    }
}
