
/* From the body of a bulk request to its elements, parsed and validated. */


#ifndef NGX_HTTP_OPSCOM_BULK_READER_H_INCLUDED
#define NGX_HTTP_OPSCOM_BULK_READER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "permit/permit_array.h"

#include "ngx_http_opscom_bulk_elements.h"
#include "ngx_http_opscom_bulk_input.h"


typedef struct {
    ngx_http_opscom_ctx_t            *ctx; /* of the request */
    ngx_http_opscom_bulk_input_t      input;
    ngx_http_opscom_bulk_elements_t  *elements;
    ngx_http_opscom_bulk_element_t   *element; /* NULL: none is begun */
    permit_array_t                   *array;

    unsigned                          starved:1; /* an event tells of more */
    unsigned                          over:1;    /* nothing more is read */

    /* when it is over: what is wrong, and the status of an error of nginx's */

    ngx_http_opscom_error_id_t        error;
    ngx_int_t                         status;
} ngx_http_opscom_bulk_reader_t;


/* NGX_ERROR without memory. */
ngx_int_t ngx_http_opscom_bulk_reader_init(
    ngx_http_opscom_bulk_reader_t *reader, ngx_http_opscom_ctx_t *ctx,
    ngx_http_opscom_bulk_elements_t *elements);

/*
 * Parses as many elements as are at hand and have room, and returns their
 * number.
 */
ngx_uint_t ngx_http_opscom_bulk_reader_run(
    ngx_http_opscom_bulk_reader_t *reader);


#endif /* NGX_HTTP_OPSCOM_BULK_READER_H_INCLUDED */
