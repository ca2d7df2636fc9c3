
/* What an error of Redis means for the call that it answers. */


#ifndef NGX_OPSCOM_ERROR_REPLY_H_INCLUDED
#define NGX_OPSCOM_ERROR_REPLY_H_INCLUDED


#include "ngx_opscom_nodes.h"


/* Sends the call again, here or elsewhere, now or later, or ends it. */
void ngx_opscom_error_reply(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_str_t *text);


#endif /* NGX_OPSCOM_ERROR_REPLY_H_INCLUDED */
