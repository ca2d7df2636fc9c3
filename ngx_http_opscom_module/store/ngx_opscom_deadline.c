
/* Deadlines: a timer for the nearest of many. */


#include "ngx_opscom_deadline.h"


void
ngx_opscom_deadline_arm(ngx_event_t *timer, ngx_msec_t deadline)
{
    ngx_msec_int_t  left;

    if (timer->timer_set) {

        if (!ngx_opscom_deadline_is_before(deadline, timer->timer.key)) {
            return;
        }

        /* ngx_add_timer() ignores a change of less than 300 ms */

        ngx_del_timer(timer);
    }

    left = (ngx_msec_int_t) (deadline - ngx_current_msec);

    ngx_add_timer(timer, left > 0 ? (ngx_msec_t) left : 1);
}


void
ngx_opscom_deadline_insert(ngx_queue_t *queue, ngx_opscom_call_t *call)
{
    ngx_queue_t        *q;
    ngx_opscom_call_t  *other;

    for (q = ngx_queue_last(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_opscom_call_t, queue);

        if (!ngx_opscom_deadline_is_before(call->deadline, other->deadline)) {
            break;
        }
    }

    ngx_queue_insert_after(q, &call->queue);
}
