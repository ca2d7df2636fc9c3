
/*
 * Calls as commands in RESP: each alone, or several of one kind in one command
 * (see ngx_opscom_join_t in ngx_opscom_call.h), and their parts of its reply.
 */


#ifndef NGX_OPSCOM_COMMAND_H_INCLUDED
#define NGX_OPSCOM_COMMAND_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_call.h"


/*
 * The most bytes that a call takes.  A command of several takes no more than
 * the sum of theirs.
 */
size_t ngx_opscom_command_size(ngx_opscom_call_t *call);

/* Whether the second call can be sent in one command with the first. */
ngx_uint_t ngx_opscom_command_joins(ngx_opscom_call_t *first,
    ngx_opscom_call_t *second);

/*
 * Writes 1 to NGX_OPSCOM_MAX_JOINED calls, all of which join the first, to
 * reserved memory; returns the end.
 */
u_char *ngx_opscom_command_write(u_char *p, ngx_opscom_call_t **calls,
    ngx_uint_t n);

/*
 * What the i-th of n calls is answered by a reply to their command; NULL: it
 * cannot be the reply to n calls.
 */
ngx_opscom_reply_t *ngx_opscom_command_reply(ngx_opscom_reply_t *reply,
    ngx_uint_t n, ngx_uint_t i);


#endif /* NGX_OPSCOM_COMMAND_H_INCLUDED */
