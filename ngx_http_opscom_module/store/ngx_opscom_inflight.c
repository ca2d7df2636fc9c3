
/* The ring of commands without a reply. */


#include "ngx_opscom_inflight.h"


#define NGX_OPSCOM_INFLIGHT_FIRST 64


static ngx_int_t ngx_opscom_inflight_grow(ngx_opscom_inflight_t *inflight,
    ngx_log_t *log);


ngx_opscom_slot_t *
ngx_opscom_inflight_push(ngx_opscom_inflight_t *inflight, ngx_log_t *log)
{
    ngx_opscom_slot_t  *slot;

    if (inflight->tail - inflight->head == inflight->size
        && ngx_opscom_inflight_grow(inflight, log) != NGX_OK)
    {
        return NULL;
    }

    slot = ngx_opscom_inflight_slot(inflight, inflight->tail++);
    ngx_memzero(slot, sizeof(ngx_opscom_slot_t));

    return slot;
}


ngx_opscom_slot_t *
ngx_opscom_inflight_head(ngx_opscom_inflight_t *inflight)
{
    if (inflight->head == inflight->tail) {
        return NULL;
    }

    return ngx_opscom_inflight_slot(inflight, inflight->head);
}


ngx_opscom_slot_t *
ngx_opscom_inflight_slot(ngx_opscom_inflight_t *inflight, uint64_t number)
{
    return &inflight->slots[number & (inflight->size - 1)];
}


ngx_int_t
ngx_opscom_inflight_shift(ngx_opscom_inflight_t *inflight,
    ngx_opscom_slot_t *slot)
{
    if (inflight->head == inflight->tail) {
        return NGX_DECLINED;
    }

    *slot = *ngx_opscom_inflight_slot(inflight, inflight->head++);

    return NGX_OK;
}


ngx_int_t
ngx_opscom_inflight_pop(ngx_opscom_inflight_t *inflight,
    ngx_opscom_slot_t *slot)
{
    if (inflight->head == inflight->tail) {
        return NGX_DECLINED;
    }

    *slot = *ngx_opscom_inflight_slot(inflight, --inflight->tail);

    return NGX_OK;
}


void
ngx_opscom_inflight_move(ngx_opscom_inflight_t *inflight, uint64_t from,
    uint64_t to)
{
    uint64_t            number, next;
    ngx_opscom_slot_t   moved, *slot;

    moved = *ngx_opscom_inflight_slot(inflight, from);

    for (number = from; number != to; number = next) {
        next = from < to ? number + 1 : number - 1;

        slot = ngx_opscom_inflight_slot(inflight, number);
        *slot = *ngx_opscom_inflight_slot(inflight, next);
        slot->call->number = number;
    }

    *ngx_opscom_inflight_slot(inflight, to) = moved;
    moved.call->number = to;
}


void
ngx_opscom_inflight_written(ngx_opscom_inflight_t *inflight, uint64_t number,
    ngx_uint_t n, uint64_t end)
{
    ngx_opscom_inflight_slot(inflight, number)->replies = n;

    for ( /* void */ ; n; n--) {
        ngx_opscom_inflight_slot(inflight, number++)->end = end;
    }
}


static ngx_int_t
ngx_opscom_inflight_grow(ngx_opscom_inflight_t *inflight, ngx_log_t *log)
{
    uint64_t            number, size;
    ngx_opscom_slot_t  *slots;

    size = inflight->size ? inflight->size * 2 : NGX_OPSCOM_INFLIGHT_FIRST;

    slots = ngx_alloc(size * sizeof(ngx_opscom_slot_t), log);
    if (slots == NULL) {
        return NGX_ERROR;
    }

    for (number = inflight->head; number != inflight->tail; number++) {
        slots[number & (size - 1)] = *ngx_opscom_inflight_slot(inflight,
                                                               number);
    }

    if (inflight->slots) {
        ngx_free(inflight->slots);
    }

    inflight->slots = slots;
    inflight->size = size;

    return NGX_OK;
}


void
ngx_opscom_inflight_free(ngx_opscom_inflight_t *inflight)
{
    if (inflight->slots) {
        ngx_free(inflight->slots);
    }

    ngx_memzero(inflight, sizeof(ngx_opscom_inflight_t));
}
