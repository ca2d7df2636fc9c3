
/*
 * The elements of a bulk request that are being worked on, in a ring: each is
 * parsed, then refused or sent to Redis, then answered in its turn.
 *
 *     first                 unsent               next
 *       | sent, refused or     | validated or      | being parsed
 *       | stored               | refused           |
 */


#ifndef NGX_HTTP_OPSCOM_BULK_ELEMENTS_H_INCLUDED
#define NGX_HTTP_OPSCOM_BULK_ELEMENTS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_opscom_ctx.h"


#define NGX_HTTP_OPSCOM_BULK_ELEMENTS 64


typedef enum {
    NGX_HTTP_OPSCOM_BULK_READY, /* to be sent */
    NGX_HTTP_OPSCOM_BULK_SENT,
    NGX_HTTP_OPSCOM_BULK_DONE   /* its result is there */
} ngx_http_opscom_bulk_state_t;


/*
 * An element is what a push is, so that it has the state of one.  Its pool is
 * there from when the client's text needs one until the result is there.
 */

typedef struct {
    ngx_http_opscom_ctx_t         ctx;
    ngx_http_opscom_bulk_state_t  state;
    ngx_pool_t                   *pool; /* NULL: none is needed */
    u_char                        replayed[NGX_OPSCOM_MAX_REFERENCE_ID];
} ngx_http_opscom_bulk_element_t;


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_opscom_bulk_element_t  *ring[NGX_HTTP_OPSCOM_BULK_ELEMENTS];
    uint64_t                         first; /* indexes */
    uint64_t                         unsent;
    uint64_t                         next;
} ngx_http_opscom_bulk_elements_t;


#define ngx_http_opscom_bulk_elements_are_full(elements)                      \
    ((elements)->next - (elements)->first == NGX_HTTP_OPSCOM_BULK_ELEMENTS)

#define ngx_http_opscom_bulk_elements_are_empty(elements)                     \
    ((elements)->next == (elements)->first)


/*
 * The element that is to be parsed next, where the ring is not full; NULL
 * without memory.
 */
ngx_http_opscom_bulk_element_t *ngx_http_opscom_bulk_elements_next(
    ngx_http_opscom_bulk_elements_t *elements);

/* It was parsed, and is refused for an error, or is to be sent. */
void ngx_http_opscom_bulk_elements_add(
    ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_error_id_t error);

/*
 * Takes the next elements that are to be sent and have one token, in their
 * order, up to NGX_OPSCOM_MAX_PUSHES; returns their number.
 */
ngx_uint_t ngx_http_opscom_bulk_elements_take(
    ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_bulk_element_t **taken);

/* They were the last ones taken, n of them, and are to be taken again. */
void ngx_http_opscom_bulk_elements_untake(
    ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_bulk_element_t **taken, ngx_uint_t n);

/*
 * An element has a result, which is element->ctx.result, and an error as its
 * error says; it is logged and counted.
 */
void ngx_http_opscom_bulk_elements_done(
    ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_bulk_element_t *element,
    ngx_http_opscom_error_id_t error);

/* The element whose turn it is to be answered, or NULL. */
ngx_http_opscom_bulk_element_t *ngx_http_opscom_bulk_elements_first(
    ngx_http_opscom_bulk_elements_t *elements);

/* It was answered. */
#define ngx_http_opscom_bulk_elements_remove_first(elements)                  \
    (elements)->first++

/* Frees what the elements have. */
void ngx_http_opscom_bulk_elements_free(
    ngx_http_opscom_bulk_elements_t *elements);


#endif /* NGX_HTTP_OPSCOM_BULK_ELEMENTS_H_INCLUDED */
