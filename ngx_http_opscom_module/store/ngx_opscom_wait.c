
/* WAIT: holding calls until replicas have what they wrote. */


#include "ngx_opscom_text.h"
#include "ngx_opscom_wait.h"


static ngx_int_t ngx_opscom_wait_passes(ngx_str_t *text);


/* Errors of a Redis that is not a master, or no longer one. */

static ngx_str_t  ngx_opscom_wait_demoted[] = {
    ngx_string("UNBLOCKED "),
    ngx_string("ERR WAIT cannot be used with "),
    ngx_string("READONLY "),
    ngx_string("MASTERDOWN "),
    ngx_string("LOADING "),
    ngx_null_string
};


void
ngx_opscom_wait_init(ngx_opscom_wait_t *wait)
{
    ngx_queue_init(&wait->held);
    wait->state = NGX_OPSCOM_WAIT_NONE;
}


void
ngx_opscom_wait_hold(ngx_opscom_wait_t *wait, ngx_opscom_call_t *call)
{
    call->state = NGX_OPSCOM_CALL_HELD;
    call->maybe_executed = 1;

    ngx_queue_insert_tail(&wait->held, &call->queue);
}


ngx_int_t
ngx_opscom_wait_flush(ngx_opscom_wait_t *wait, ngx_opscom_pipeline_t *pipeline,
    ngx_opscom_settings_t *settings, ngx_opscom_step_pt step, void *data)
{
    u_char      replicas[NGX_INT_T_LEN], time[NGX_INT_T_LEN];
    ngx_str_t   argv[3];
    ngx_msec_t  deadline;

    if (wait->state != NGX_OPSCOM_WAIT_DUE) {
        return NGX_OK;
    }

    ngx_str_set(&argv[0], "WAIT");

    argv[1].data = replicas;
    argv[1].len = ngx_sprintf(replicas, "%ui", settings->replicas) - replicas;

    argv[2].data = time;
    argv[2].len = ngx_sprintf(time, "%M", settings->replicas_time) - time;

    deadline = ngx_current_msec + settings->timeout + settings->replicas_time;

    if (ngx_opscom_pipeline_command(pipeline, argv, 3, step, data, deadline)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    wait->state = NGX_OPSCOM_WAIT_PENDING;

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, pipeline->log, 0,
                   "opscom: redis %V: WAIT %V %V",
                   &pipeline->sock.address->text, &argv[1], &argv[2]);

    return NGX_OK;
}


ngx_int_t
ngx_opscom_wait_returned(ngx_opscom_wait_t *wait,
    ngx_opscom_settings_t *settings, ngx_opscom_reply_t *reply)
{
    /* what was written again behind this WAIT needs one of its own */

    if (wait->state == NGX_OPSCOM_WAIT_PENDING) {
        wait->state = NGX_OPSCOM_WAIT_NONE;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        return ngx_opscom_wait_passes(&reply->text) ? NGX_AGAIN : NGX_ERROR;
    }

    if (reply->type != REDIS_REPLY_INTEGER) {
        return NGX_ERROR;
    }

    return reply->integer >= (int64_t) settings->replicas ? NGX_OK
                                                          : NGX_DECLINED;
}


static ngx_int_t
ngx_opscom_wait_passes(ngx_str_t *text)
{
    ngx_uint_t  i;

    for (i = 0; ngx_opscom_wait_demoted[i].len; i++) {

        if (ngx_opscom_text_starts_with(text, &ngx_opscom_wait_demoted[i])) {
            return 1;
        }
    }

    return 0;
}


void
ngx_opscom_wait_release(ngx_opscom_wait_t *wait, ngx_queue_t *calls)
{
    ngx_queue_init(calls);

    if (!ngx_queue_empty(&wait->held)) {
        ngx_queue_add(calls, &wait->held);
        ngx_queue_init(&wait->held);
    }
}
