
/*
 * A pipeline: commands are sent through a socket in one write for each turn of
 * the event loop, and replies are matched with them in order.  Calls of one
 * turn that can be joined share a command; each has a slot of its own.
 */


#ifndef NGX_OPSCOM_PIPELINE_H_INCLUDED
#define NGX_OPSCOM_PIPELINE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_command.h"
#include "ngx_opscom_inflight.h"
#include "ngx_opscom_out.h"
#include "ngx_opscom_reader.h"
#include "ngx_opscom_socket.h"


typedef struct ngx_opscom_pipeline_s ngx_opscom_pipeline_t;

/* Takes the reply to a call; call is NULL if it was cancelled. */
typedef void (*ngx_opscom_pipeline_reply_pt)(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);


struct ngx_opscom_pipeline_s {
    ngx_opscom_socket_t           sock;
    ngx_opscom_reader_t           reader;
    ngx_opscom_out_t              out;
    ngx_opscom_inflight_t         inflight;

    ngx_uint_t                    fresh; /* the newest calls: not written yet */
    size_t                        reserved; /* bytes for them */

    uint64_t                      written; /* bytes, on this connection ... */
    uint64_t                      sent;    /* ... and of them sent */
    ngx_uint_t                    generation; /* of the connection */

    ngx_event_t                   flush; /* posted: the end of the turn */
    ngx_event_t                   hold;  /* fresh calls wait no longer */
    ngx_opscom_pipeline_reply_pt  reply;
    void                         *data; /* the owner's */
    ngx_log_t                    *log;
};


/*
 * Prepares a zeroed pipeline with a closed socket.  flush is called at the end
 * of a turn in which something was written, and when calls have waited: it is
 * to call ngx_opscom_pipeline_send().
 */
void ngx_opscom_pipeline_init(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_pipeline_reply_pt reply, ngx_event_handler_pt flush, void *data,
    ngx_log_t *log);

/* The socket is connected: gets ready to read.  NGX_ERROR without memory. */
ngx_int_t ngx_opscom_pipeline_open(ngx_opscom_pipeline_t *pipeline);

/*
 * Take a call, or write an own command whose reply goes to step(data); deadline
 * is when the reply has to be there.  Calls are written at the end of a turn in
 * which Redis is not busy, a millisecond later at most, or before the next own
 * command; one that joins an earlier one overtakes those between them, all
 * others keep their order.
 * NGX_ERROR without memory, with everything as it was; before a call that was
 * asked for by ASK an ASKING may have been written, which then means nothing.
 */
ngx_int_t ngx_opscom_pipeline_call(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call, ngx_msec_t deadline);
ngx_int_t ngx_opscom_pipeline_command(ngx_opscom_pipeline_t *pipeline,
    ngx_str_t *argv, ngx_uint_t argc, ngx_opscom_step_pt step, void *data,
    ngx_msec_t deadline);

/* Schedules sending, at the end of the turn, of all that is written by then. */
void ngx_opscom_pipeline_post(ngx_opscom_pipeline_t *pipeline);

/*
 * Sends what was written; receives, and passes the replies on.  NGX_OK, or
 * NGX_DONE: the connection was closed.
 */
ngx_int_t ngx_opscom_pipeline_send(ngx_opscom_pipeline_t *pipeline);
ngx_int_t ngx_opscom_pipeline_receive(ngx_opscom_pipeline_t *pipeline);

/*
 * A call in flight is cancelled.  NGX_OK: the reply will be dropped.
 * NGX_DECLINED: it was not written yet, and there will be no reply.
 */
ngx_int_t ngx_opscom_pipeline_cancel(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call);

/*
 * Takes the newest command out of what has no reply: NGX_OK and a call (or NULL
 * where it was cancelled), with whether all its bytes were sent.  Redis
 * executes whole commands only: what was not sent to its last byte was not
 * executed.  Own commands are left out.  NGX_DECLINED: there is none.
 */
ngx_int_t ngx_opscom_pipeline_drain(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t **call, ngx_uint_t *sent);

/* Closes the connection and drops all that was on it. */
void ngx_opscom_pipeline_close(ngx_opscom_pipeline_t *pipeline);


#endif /* NGX_OPSCOM_PIPELINE_H_INCLUDED */
