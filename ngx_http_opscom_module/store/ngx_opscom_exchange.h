
/*
 * What goes over the connection of a link: calls out at the end of each turn,
 * and the replies to them in.
 */


#ifndef NGX_OPSCOM_EXCHANGE_H_INCLUDED
#define NGX_OPSCOM_EXCHANGE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_calls.h"


/* The handlers of the link; each may close the connection. */

typedef struct {
    void (*connected)(ngx_opscom_link_t *link);

    /*
     * The connection is to be closed.  "what" and err (errno, or 0) are for
     * the log; "what" may be freed by closing.
     */
    void (*failed)(ngx_opscom_link_t *link, const char *what, ngx_err_t err);

    /* An error is the reply to a call, which is in no queue now. */
    void (*error)(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
        ngx_str_t *text);

    /* WAIT returned; rc is what ngx_opscom_calls_replicated() returns. */
    void (*replicated)(ngx_opscom_link_t *link, ngx_int_t rc);

    /* Commands were answered, or sent, or cancelled before they were sent. */
    void (*proceed)(ngx_opscom_link_t *link);
} ngx_opscom_exchange_handlers_t;


typedef struct {
    const ngx_opscom_exchange_handlers_t  *handlers;
    ngx_opscom_link_t                     *link; /* is not looked into */
    ngx_opscom_calls_t                    *calls;
    ngx_opscom_pipeline_t                 *pipeline;
} ngx_opscom_exchange_t;


/*
 * Prepares a zeroed pipeline for the calls, so that it calls the handlers of
 * an exchange that is set; "quiet" is the log for connect().
 */
void ngx_opscom_exchange_init(ngx_opscom_exchange_t *exchange,
    ngx_log_t *quiet);


#endif /* NGX_OPSCOM_EXCHANGE_H_INCLUDED */
