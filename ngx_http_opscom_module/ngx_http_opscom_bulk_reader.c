
/* From the body of a bulk request to its elements. */


#include "ngx_http_opscom_bulk_reader.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_handler.h"


static permit_parse_t ngx_http_opscom_bulk_reader_feed(
    ngx_http_opscom_bulk_reader_t *reader);
static permit_parse_t ngx_http_opscom_bulk_reader_finish(
    ngx_http_opscom_bulk_reader_t *reader);
static void ngx_http_opscom_bulk_reader_add(
    ngx_http_opscom_bulk_reader_t *reader, permit_parse_t outcome);
static void ngx_http_opscom_bulk_reader_stop(
    ngx_http_opscom_bulk_reader_t *reader, permit_parse_t outcome);
static void ngx_http_opscom_bulk_reader_fail(
    ngx_http_opscom_bulk_reader_t *reader, ngx_int_t status);


static const ngx_http_opscom_error_id_t
    ngx_http_opscom_bulk_reader_errors[] = {
    [PERMIT_PARSE_OK] = NGX_HTTP_OPSCOM_NO_ERROR,
    [PERMIT_PARSE_MALFORMED] = NGX_HTTP_OPSCOM_MALFORMED_JSON,
    [PERMIT_PARSE_NOT_AN_ARRAY] = NGX_HTTP_OPSCOM_NOT_AN_ARRAY,
    [PERMIT_PARSE_TOO_LARGE] = NGX_HTTP_OPSCOM_TOO_LARGE,
    [PERMIT_PARSE_NO_MEMORY] = NGX_HTTP_OPSCOM_INTERNAL_ERROR,
};


ngx_int_t
ngx_http_opscom_bulk_reader_init(ngx_http_opscom_bulk_reader_t *reader,
    ngx_http_opscom_ctx_t *ctx, ngx_http_opscom_bulk_elements_t *elements)
{
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_opscom_module);

    reader->ctx = ctx;
    reader->elements = elements;

    reader->array = permit_array_create(&ctx->permit, ctx->endpoint->schema,
                                        &olcf->rules, &ctx->memory);

    return reader->array ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_http_opscom_bulk_reader_run(ngx_http_opscom_bulk_reader_t *reader)
{
    ngx_int_t       rc;
    ngx_uint_t      n;
    permit_parse_t  outcome;

    n = 0;

    while (!reader->over
           && !ngx_http_opscom_bulk_elements_are_full(reader->elements))
    {
        rc = ngx_http_opscom_bulk_input_next(&reader->input);

        if (rc == NGX_AGAIN) {
            reader->starved = 1;
            break;
        }

        if (rc != NGX_OK && rc != NGX_DONE) {
            ngx_http_opscom_bulk_reader_fail(reader, rc);
            break;
        }

        outcome = rc == NGX_DONE ? ngx_http_opscom_bulk_reader_finish(reader)
                                 : ngx_http_opscom_bulk_reader_feed(reader);

        if (outcome == PERMIT_PARSE_ELEMENT
            || outcome == PERMIT_PARSE_NOT_AN_OBJECT)
        {
            ngx_http_opscom_bulk_reader_add(reader, outcome);
            n++;

        } else if (outcome != PERMIT_PARSE_OK || rc == NGX_DONE) {
            ngx_http_opscom_bulk_reader_stop(reader, outcome);
        }
    }

    return n;
}


static permit_parse_t
ngx_http_opscom_bulk_reader_feed(ngx_http_opscom_bulk_reader_t *reader)
{
    size_t                         consumed;
    permit_parse_t                 outcome;
    ngx_http_opscom_ctx_t         *ctx;
    ngx_http_opscom_bulk_input_t  *input;

    if (reader->element == NULL) {
        reader->element = ngx_http_opscom_bulk_elements_next(reader->elements);

        if (reader->element == NULL) {
            return PERMIT_PARSE_NO_MEMORY;
        }

        ctx = &reader->element->ctx;

        permit_array_set_permit(reader->array, &ctx->permit, &ctx->memory);
    }

    input = &reader->input;

    outcome = permit_array_feed(reader->array, (char *) input->pos,
                                input->last - input->pos, &consumed);
    input->pos += consumed;

    return outcome;
}


/*
 * The client may have announced less than it sends: nginx would log the rest,
 * with the token, as the line of a next request.
 */

static permit_parse_t
ngx_http_opscom_bulk_reader_finish(ngx_http_opscom_bulk_reader_t *reader)
{
    permit_parse_t  outcome;

    outcome = permit_array_finish(reader->array);

    if (outcome == PERMIT_PARSE_MALFORMED) {
        reader->ctx->request->keepalive = 0;
    }

    return outcome;
}


static void
ngx_http_opscom_bulk_reader_add(ngx_http_opscom_bulk_reader_t *reader,
    permit_parse_t outcome)
{
    ngx_http_opscom_error_id_t   error;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(reader->ctx->request,
                                        ngx_http_opscom_module);

    error = ngx_http_opscom_handler_error(&reader->element->ctx, &olcf->rules,
                                          outcome);

    ngx_http_opscom_bulk_elements_add(reader->elements, error);

    reader->element = NULL;
}


/* The body has ended, or there is no sense in what follows. */

static void
ngx_http_opscom_bulk_reader_stop(ngx_http_opscom_bulk_reader_t *reader,
    permit_parse_t outcome)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, reader->ctx->request->connection->log,
                   0, "opscom bulk read: %d, elements: %uL", outcome,
                   reader->elements->next);

    reader->over = 1;
    reader->error = ngx_http_opscom_bulk_reader_errors[outcome];

    if (outcome == PERMIT_PARSE_MALFORMED) {
        reader->ctx->malformed = permit_array_reason(reader->array);
        reader->ctx->malformed_at = permit_array_offset(reader->array);
    }
}


/* nginx cannot read on. */

static void
ngx_http_opscom_bulk_reader_fail(ngx_http_opscom_bulk_reader_t *reader,
    ngx_int_t status)
{
    ngx_connection_t  *c;

    c = reader->ctx->request->connection;

    reader->over = 1;
    reader->error = ngx_http_opscom_errors_find(status);

    /* nginx would close the connection without a response */

    if (status == NGX_HTTP_REQUEST_TIME_OUT) {
        c->timedout = 0;
        c->read->timedout = 0;
        return;
    }

    reader->status = status;
}
