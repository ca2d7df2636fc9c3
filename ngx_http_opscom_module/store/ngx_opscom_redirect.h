
/* MOVED and ASK: the slot of a call is served by another node. */


#ifndef NGX_OPSCOM_REDIRECT_H_INCLUDED
#define NGX_OPSCOM_REDIRECT_H_INCLUDED


#include "ngx_opscom_cluster.h"


#define NGX_OPSCOM_REDIRECTS 5 /* that one call follows */


/*
 * Follows "MOVED slot host:port" or "ASK slot host:port" with a call that is in
 * no queue.  NGX_OK: it will end; anything else: it is as it was.
 */
ngx_int_t ngx_opscom_redirect(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *text);


#endif /* NGX_OPSCOM_REDIRECT_H_INCLUDED */
