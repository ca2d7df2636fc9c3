
/* Calls out, replies in: between the pipeline and the calls of a link. */


#include "ngx_opscom_exchange.h"


static void ngx_opscom_exchange_connected(ngx_opscom_socket_t *sock);
static void ngx_opscom_exchange_readable(ngx_opscom_socket_t *sock);
static void ngx_opscom_exchange_writable(ngx_opscom_socket_t *sock);
static void ngx_opscom_exchange_failed(ngx_opscom_socket_t *sock,
    const char *what, ngx_err_t err);
static void ngx_opscom_exchange_flush(ngx_event_t *ev);
static void ngx_opscom_exchange_reply(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply);
static void ngx_opscom_exchange_mismatch(ngx_opscom_exchange_t *exchange,
    ngx_opscom_call_t *call);
static void ngx_opscom_exchange_replicated(void *data,
    ngx_opscom_reply_t *reply);


static const ngx_opscom_socket_handlers_t
    ngx_opscom_exchange_socket_handlers =
{
    ngx_opscom_exchange_connected,
    ngx_opscom_exchange_readable,
    ngx_opscom_exchange_writable,
    ngx_opscom_exchange_failed
};


void
ngx_opscom_exchange_init(ngx_opscom_exchange_t *exchange, ngx_log_t *quiet)
{
    ngx_opscom_socket_t  *sock;

    ngx_opscom_pipeline_init(exchange->pipeline, ngx_opscom_exchange_reply,
                             ngx_opscom_exchange_flush, exchange,
                             exchange->calls->log);

    sock = &exchange->pipeline->sock;

    sock->handlers = &ngx_opscom_exchange_socket_handlers;
    sock->settings = exchange->calls->settings;
    sock->data = exchange;
    sock->quiet = quiet;
}


static void
ngx_opscom_exchange_connected(ngx_opscom_socket_t *sock)
{
    ngx_opscom_exchange_t  *exchange;

    exchange = sock->data;

    if (ngx_opscom_pipeline_open(exchange->pipeline) != NGX_OK) {
        exchange->handlers->failed(exchange->link, "no memory", 0);
        return;
    }

    exchange->handlers->connected(exchange->link);
}


static void
ngx_opscom_exchange_readable(ngx_opscom_socket_t *sock)
{
    ngx_opscom_exchange_t  *exchange;

    exchange = sock->data;

    if (ngx_opscom_pipeline_receive(exchange->pipeline) == NGX_OK) {
        exchange->handlers->proceed(exchange->link);
    }
}


static void
ngx_opscom_exchange_writable(ngx_opscom_socket_t *sock)
{
    ngx_opscom_exchange_t  *exchange;

    exchange = sock->data;

    (void) ngx_opscom_pipeline_send(exchange->pipeline);
}


static void
ngx_opscom_exchange_failed(ngx_opscom_socket_t *sock, const char *what,
    ngx_err_t err)
{
    ngx_opscom_exchange_t  *exchange;

    exchange = sock->data;

    exchange->handlers->failed(exchange->link, what, err);
}


static void
ngx_opscom_exchange_flush(ngx_event_t *ev)
{
    ngx_opscom_exchange_t  *exchange;

    exchange = ev->data;

    if (ngx_opscom_calls_flush(exchange->calls, ngx_opscom_exchange_replicated,
                               exchange)
        != NGX_OK)
    {
        exchange->handlers->failed(exchange->link, "no memory", 0);
        return;
    }

    if (ngx_opscom_pipeline_send(exchange->pipeline) == NGX_OK) {
        exchange->handlers->proceed(exchange->link);
    }
}


static void
ngx_opscom_exchange_reply(ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_call_t *call, ngx_opscom_reply_t *reply)
{
    ngx_opscom_exchange_t  *exchange;

    exchange = pipeline->data;

    switch (ngx_opscom_calls_reply(exchange->calls, call, reply)) {

    case NGX_OK:
        return;

    case NGX_DECLINED:
        exchange->handlers->error(exchange->link, call, &reply->text);
        return;

    default:
        ngx_opscom_exchange_mismatch(exchange, call);
    }
}


/* The reply was another command's: so are all that follow. */

static void
ngx_opscom_exchange_mismatch(ngx_opscom_exchange_t *exchange,
    ngx_opscom_call_t *call)
{
    ngx_queue_t          ended;
    ngx_opscom_calls_t  *calls;

    calls = exchange->calls;

    ngx_log_error(NGX_LOG_ERR, calls->log, 0,
                  "opscom: redis %V: unexpected reply type", calls->name);

    ngx_queue_init(&ended);

    ngx_opscom_calls_return(calls, call, &ended, 1);
    exchange->handlers->failed(exchange->link, "unexpected reply type", 0);

    ngx_opscom_call_finish(&ended);
}


static void
ngx_opscom_exchange_replicated(void *data, ngx_opscom_reply_t *reply)
{
    ngx_int_t               rc;
    ngx_opscom_exchange_t  *exchange;

    exchange = data;

    rc = ngx_opscom_calls_replicated(exchange->calls, reply);

    exchange->handlers->replicated(exchange->link, rc);
}
