
/*
 * Deadlines.  A timer is armed for the nearest of many; it is only ever moved
 * earlier, and what it was set for may have ended when it fires.
 */


#ifndef NGX_OPSCOM_DEADLINE_H_INCLUDED
#define NGX_OPSCOM_DEADLINE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_opscom_call.h"


#define ngx_opscom_deadline_passed(deadline)                                  \
    ((ngx_msec_int_t) ((deadline) - ngx_current_msec) <= 0)

#define ngx_opscom_deadline_is_before(one, other)                             \
    ((ngx_msec_int_t) ((one) - (other)) < 0)


/* Lets the timer fire at that time at the latest. */
void ngx_opscom_deadline_arm(ngx_event_t *timer, ngx_msec_t deadline);

/* Puts a call into a queue that is sorted by the calls' deadlines. */
void ngx_opscom_deadline_insert(ngx_queue_t *queue, ngx_opscom_call_t *call);


#endif /* NGX_OPSCOM_DEADLINE_H_INCLUDED */
