
/* What is done when a deadline has passed, and which one is the nearest. */


#include "ngx_opscom_deadline.h"
#include "ngx_opscom_retry.h"
#include "ngx_opscom_timeouts.h"


void
ngx_opscom_timeouts_expire(ngx_opscom_calls_t *calls)
{
    ngx_queue_t         ended;
    ngx_opscom_call_t  *call;

    ngx_queue_init(&ended);

    for ( ;; ) {
        call = ngx_opscom_retry_head(&calls->waiting);

        if (call == NULL || !ngx_opscom_deadline_passed(call->until)) {
            break;
        }

        ngx_queue_remove(&call->queue);
        ngx_opscom_calls_end(calls, call, &ended,
                             ngx_opscom_call_outcome(call));
    }

    for ( ;; ) {
        call = ngx_opscom_retry_head(&calls->late);

        if (call == NULL || !ngx_opscom_deadline_passed(call->deadline)) {
            break;
        }

        /* its slot stays, and is counted until the reply comes */

        ngx_queue_remove(&call->queue);

        if (ngx_opscom_pipeline_cancel(calls->pipeline, call) != NGX_OK) {
            ngx_opscom_calls_end(calls, call, &ended,
                                 ngx_opscom_call_outcome(call));
            continue;
        }

        ngx_opscom_account_enter(calls->account);
        ngx_opscom_calls_end(calls, call, &ended, NGX_OPSCOM_UNKNOWN);
    }

    ngx_opscom_call_finish(&ended);
}


ngx_uint_t
ngx_opscom_timeouts_is_overdue(ngx_opscom_calls_t *calls)
{
    ngx_opscom_slot_t  *slot;

    slot = ngx_opscom_inflight_head(&calls->pipeline->inflight);

    return slot && ngx_opscom_deadline_passed(slot->deadline);
}


void
ngx_opscom_timeouts_arm(ngx_opscom_calls_t *calls)
{
    ngx_opscom_slot_t  *slot;
    ngx_opscom_call_t  *waiting, *late;

    waiting = ngx_opscom_retry_head(&calls->waiting);
    late = ngx_opscom_retry_head(&calls->late);
    slot = ngx_opscom_inflight_head(&calls->pipeline->inflight);

    /* each moves the timer only to an earlier time */

    if (waiting) {
        ngx_opscom_deadline_arm(&calls->timer, waiting->until);
    }

    if (late) {
        ngx_opscom_deadline_arm(&calls->timer, late->deadline);
    }

    if (slot) {
        ngx_opscom_deadline_arm(&calls->timer, slot->deadline);
    }
}
