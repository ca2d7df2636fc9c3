
/* Redis Sentinel: where the master is. */


#ifndef NGX_OPSCOM_SENTINEL_H_INCLUDED
#define NGX_OPSCOM_SENTINEL_H_INCLUDED


#include "ngx_opscom_link.h"


/*
 * Asks the sentinel that the link is connected to where the master is.  The
 * link follows the answer, or fails.
 */
void ngx_opscom_sentinel_ask(ngx_opscom_link_t *link);


#endif /* NGX_OPSCOM_SENTINEL_H_INCLUDED */
