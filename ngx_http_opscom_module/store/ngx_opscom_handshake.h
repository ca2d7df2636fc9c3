
/* Commands that are sent to a Redis server before it is used. */


#ifndef NGX_OPSCOM_HANDSHAKE_H_INCLUDED
#define NGX_OPSCOM_HANDSHAKE_H_INCLUDED


#include "ngx_opscom_link.h"


/*
 * Sends AUTH, SELECT and so on to the server that the link is connected to.
 * The link becomes ready once all has been answered, or fails.
 */
void ngx_opscom_handshake_start(ngx_opscom_link_t *link);


#endif /* NGX_OPSCOM_HANDSHAKE_H_INCLUDED */
