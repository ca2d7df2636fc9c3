
/* The elements of a bulk request that are being worked on. */


#include "ngx_http_opscom_bulk_elements.h"
#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_response.h"


/*
 * The blocks that yajl frees have 4 KB and more, and are to be freed at once:
 * they must not fit in the pool itself.
 */

#define NGX_HTTP_OPSCOM_BULK_POOL 1024


static ngx_http_opscom_bulk_element_t *ngx_http_opscom_bulk_elements_create(
    ngx_http_opscom_bulk_elements_t *elements);
static void *ngx_http_opscom_bulk_elements_alloc(void *data, size_t size);
static void ngx_http_opscom_bulk_elements_dealloc(void *data, void *block);
static ngx_uint_t ngx_http_opscom_bulk_elements_agree(
    ngx_http_opscom_bulk_element_t *one,
    ngx_http_opscom_bulk_element_t *other);
static void ngx_http_opscom_bulk_elements_destroy_pool(
    ngx_http_opscom_bulk_element_t *element);


#define ngx_http_opscom_bulk_elements_at(elements, index)                     \
    (elements)->ring[(index) % NGX_HTTP_OPSCOM_BULK_ELEMENTS]


ngx_http_opscom_bulk_element_t *
ngx_http_opscom_bulk_elements_next(ngx_http_opscom_bulk_elements_t *elements)
{
    ngx_http_opscom_ctx_t           *ctx;
    ngx_http_opscom_bulk_element_t  *element;

    element = ngx_http_opscom_bulk_elements_at(elements, elements->next);

    if (element == NULL) {
        element = ngx_http_opscom_bulk_elements_create(elements);

        if (element == NULL) {
            return NULL;
        }

        ngx_http_opscom_bulk_elements_at(elements, elements->next) = element;
    }

    ctx = &element->ctx;

    ctx->index = elements->next;
    ctx->result = NGX_HTTP_OPSCOM_RESULT_NONE;
    ctx->call.maybe_executed = 0;

    return element;
}


static ngx_http_opscom_bulk_element_t *
ngx_http_opscom_bulk_elements_create(ngx_http_opscom_bulk_elements_t *elements)
{
    ngx_http_request_t              *r;
    ngx_http_opscom_ctx_t           *ctx, *whole;
    ngx_http_opscom_bulk_element_t  *element;

    r = elements->request;
    whole = ngx_http_get_module_ctx(r, ngx_http_opscom_module);

    element = ngx_pcalloc(r->pool, sizeof(ngx_http_opscom_bulk_element_t));
    if (element == NULL) {
        return NULL;
    }

    ctx = &element->ctx;

    ctx->request = r;
    ctx->endpoint = whole->endpoint->each;
    ctx->client = whole->client;
    ctx->element = 1;

    ctx->memory.alloc = ngx_http_opscom_bulk_elements_alloc;
    ctx->memory.free = ngx_http_opscom_bulk_elements_dealloc;
    ctx->memory.ctx = element;

    return element;
}


static void *
ngx_http_opscom_bulk_elements_alloc(void *data, size_t size)
{
    ngx_http_opscom_bulk_element_t  *element;

    element = data;

    if (element->pool == NULL) {
        element->pool = ngx_create_pool(NGX_HTTP_OPSCOM_BULK_POOL,
                                    element->ctx.request->connection->log);
        if (element->pool == NULL) {
            return NULL;
        }
    }

    return ngx_palloc(element->pool, size);
}


static void
ngx_http_opscom_bulk_elements_dealloc(void *data, void *block)
{
    ngx_http_opscom_bulk_element_t  *element;

    element = data;

    (void) ngx_pfree(element->pool, block);
}


void
ngx_http_opscom_bulk_elements_add(ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_error_id_t error)
{
    ngx_http_opscom_bulk_element_t  *element;

    element = ngx_http_opscom_bulk_elements_at(elements, elements->next);
    element->state = NGX_HTTP_OPSCOM_BULK_READY;

    elements->next++;

    if (error != NGX_HTTP_OPSCOM_NO_ERROR) {
        ngx_http_opscom_bulk_elements_done(elements, element, error);
    }
}


ngx_uint_t
ngx_http_opscom_bulk_elements_take(ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_bulk_element_t **taken)
{
    ngx_uint_t                       n;
    ngx_http_opscom_bulk_element_t  *element;

    n = 0;

    while (elements->unsent < elements->next && n < NGX_OPSCOM_MAX_PUSHES) {
        element = ngx_http_opscom_bulk_elements_at(elements, elements->unsent);

        if (element->state == NGX_HTTP_OPSCOM_BULK_READY) {

            if (n && !ngx_http_opscom_bulk_elements_agree(taken[0], element))
            {
                break;
            }

            element->state = NGX_HTTP_OPSCOM_BULK_SENT;
            taken[n++] = element;
        }

        elements->unsent++;
    }

    return n;
}


void
ngx_http_opscom_bulk_elements_untake(
    ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_bulk_element_t **taken, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        taken[i]->state = NGX_HTTP_OPSCOM_BULK_READY;
    }

    elements->unsent = taken[0]->ctx.index;
}


/* Whether they have one token. */

static ngx_uint_t
ngx_http_opscom_bulk_elements_agree(
    ngx_http_opscom_bulk_element_t *one,
    ngx_http_opscom_bulk_element_t *other)
{
    permit_text_t  *a, *b;

    a = &one->ctx.permit.stored[PERMIT_TOKEN][0];
    b = &other->ctx.permit.stored[PERMIT_TOKEN][0];

    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}


void
ngx_http_opscom_bulk_elements_done(ngx_http_opscom_bulk_elements_t *elements,
    ngx_http_opscom_bulk_element_t *element, ngx_http_opscom_error_id_t error)
{
    ngx_http_request_t     *r;
    ngx_http_opscom_ctx_t  *ctx;

    r = elements->request;
    ctx = &element->ctx;

    if (error != NGX_HTTP_OPSCOM_NO_ERROR) {
        ctx->result = NGX_HTTP_OPSCOM_RESULT_ERROR + error;
        ngx_http_opscom_response_log(r, ctx, error);
    }

    element->state = NGX_HTTP_OPSCOM_BULK_DONE;
    ngx_http_opscom_bulk_elements_destroy_pool(element);

    ngx_http_opscom_metrics_request(ngx_http_opscom_conf_metrics(r),
                                    NGX_HTTP_OPSCOM_BULK, ctx->result,
                                    &ctx->permit);
}


ngx_http_opscom_bulk_element_t *
ngx_http_opscom_bulk_elements_first(ngx_http_opscom_bulk_elements_t *elements)
{
    ngx_http_opscom_bulk_element_t  *element;

    if (ngx_http_opscom_bulk_elements_are_empty(elements)) {
        return NULL;
    }

    element = ngx_http_opscom_bulk_elements_at(elements, elements->first);

    return element->state == NGX_HTTP_OPSCOM_BULK_DONE ? element : NULL;
}


void
ngx_http_opscom_bulk_elements_free(ngx_http_opscom_bulk_elements_t *elements)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_OPSCOM_BULK_ELEMENTS; i++) {
        if (elements->ring[i]) {
            ngx_http_opscom_bulk_elements_destroy_pool(elements->ring[i]);
        }
    }
}


static void
ngx_http_opscom_bulk_elements_destroy_pool(
    ngx_http_opscom_bulk_element_t *element)
{
    if (element->pool) {
        ngx_destroy_pool(element->pool);
        element->pool = NULL;
    }
}
