
/* How calls end. */


#include "ngx_opscom_call.h"


void
ngx_opscom_call_end(ngx_opscom_call_t *call, ngx_queue_t *ended,
    ngx_opscom_outcome_t outcome)
{
    call->state = NGX_OPSCOM_CALL_ENDING;
    call->outcome = outcome;

    ngx_queue_insert_tail(ended, &call->queue);
}


void
ngx_opscom_call_finish(ngx_queue_t *ended)
{
    ngx_queue_t        *q;
    ngx_opscom_call_t  *call;

    while (!ngx_queue_empty(ended)) {
        q = ngx_queue_head(ended);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_opscom_call_t, queue);

        ngx_opscom_call_done(call, call->outcome);
    }
}


void
ngx_opscom_call_done(ngx_opscom_call_t *call, ngx_opscom_outcome_t outcome)
{
    call->state = NGX_OPSCOM_CALL_NEW;
    call->link = NULL;

    ngx_opscom_account_leave(call->account);

    call->done(call, outcome);
}


ngx_opscom_outcome_t
ngx_opscom_call_outcome(ngx_opscom_call_t *call)
{
    return call->maybe_executed ? NGX_OPSCOM_UNKNOWN : NGX_OPSCOM_UNAVAILABLE;
}
