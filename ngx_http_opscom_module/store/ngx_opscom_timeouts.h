
/* The deadlines of a link's calls, and of its commands without a reply. */


#ifndef NGX_OPSCOM_TIMEOUTS_H_INCLUDED
#define NGX_OPSCOM_TIMEOUTS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_calls.h"


/* Ends the calls whose own time is over. */
void ngx_opscom_timeouts_expire(ngx_opscom_calls_t *calls);

/* Whether the reply to the oldest command is overdue. */
ngx_uint_t ngx_opscom_timeouts_is_overdue(ngx_opscom_calls_t *calls);

/* Arms the timer of the calls for the nearest of all deadlines. */
void ngx_opscom_timeouts_arm(ngx_opscom_calls_t *calls);


#endif /* NGX_OPSCOM_TIMEOUTS_H_INCLUDED */
