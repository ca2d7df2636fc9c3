
/*
 * The calls of a bulk request: elements that are ready together, and have one
 * token, are one script call.
 */


#ifndef NGX_HTTP_OPSCOM_BULK_CALLS_H_INCLUDED
#define NGX_HTTP_OPSCOM_BULK_CALLS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_bulk_elements.h"


/*
 * At a time.  With few elements in each, which is how they come over a slow
 * line, the next ones gather meanwhile.
 */

#define NGX_HTTP_OPSCOM_BULK_CALLS 4


typedef struct ngx_http_opscom_bulk_call_s ngx_http_opscom_bulk_call_t;

/* Elements have got their results. */
typedef void (*ngx_http_opscom_bulk_ended_pt)(ngx_http_request_t *r);


typedef struct {
    ngx_http_request_t               *request;
    ngx_http_opscom_bulk_elements_t  *elements;
    ngx_http_opscom_bulk_ended_pt     ended;
    ngx_http_opscom_bulk_call_t      *calls[NGX_HTTP_OPSCOM_BULK_CALLS];
} ngx_http_opscom_bulk_calls_t;


/* Gives one call its memory; NGX_ERROR where there is none. */
ngx_int_t ngx_http_opscom_bulk_calls_init(
    ngx_http_opscom_bulk_calls_t *calls);

/*
 * Sends elements as long as some are ready, calls are free and the store's
 * queue has room, for which it waits only behind other calls of the request;
 * returns how many.  ended() is called later, by an event, when a call has
 * ended; elements that cannot be sent have their results at once.
 */
ngx_uint_t ngx_http_opscom_bulk_calls_send(
    ngx_http_opscom_bulk_calls_t *calls);

/* Leaves: what was not sent is not, and replies are dropped. */
void ngx_http_opscom_bulk_calls_cancel(ngx_http_opscom_bulk_calls_t *calls);


#endif /* NGX_HTTP_OPSCOM_BULK_CALLS_H_INCLUDED */
