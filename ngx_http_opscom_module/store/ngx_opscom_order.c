
#include "ngx_opscom_link.h"


#define NGX_OPSCOM_ORDER_FIRST 64


static ngx_int_t ngx_opscom_order_grow(
    ngx_opscom_order_t *order, ngx_log_t *log);


ngx_opscom_slot_t *
ngx_opscom_order_push(ngx_opscom_order_t *order, ngx_log_t *log)
{
    ngx_opscom_slot_t *slot;

    if (order->tail - order->head == order->room
        && ngx_opscom_order_grow(order, log) != NGX_OK)
    {
        return NULL;
    }

    slot = ngx_opscom_order_slot(order, order->tail++);
    ngx_memzero(slot, sizeof(ngx_opscom_slot_t));

    return slot;
}


ngx_opscom_slot_t *
ngx_opscom_order_head(ngx_opscom_order_t *order)
{
    if (order->head == order->tail) {
        return NULL;
    }

    return ngx_opscom_order_slot(order, order->head);
}


ngx_opscom_slot_t *
ngx_opscom_order_slot(ngx_opscom_order_t *order, uint64_t number)
{
    return &order->slots[number & (order->room - 1)];
}


static ngx_int_t
ngx_opscom_order_grow(ngx_opscom_order_t *order, ngx_log_t *log)
{
    uint64_t           number, room;
    ngx_opscom_slot_t *slots;

    room = order->room ? order->room * 2 : NGX_OPSCOM_ORDER_FIRST;

    slots = ngx_alloc(room * sizeof(ngx_opscom_slot_t), log);
    if (slots == NULL) {
        return NGX_ERROR;
    }

    for (number = order->head; number != order->tail; number++) {
        slots[number & (room - 1)] = *ngx_opscom_order_slot(order, number);
    }

    if (order->slots) {
        ngx_free(order->slots);
    }

    order->slots = slots;
    order->room = room;

    return NGX_OK;
}


void
ngx_opscom_order_free(ngx_opscom_order_t *order)
{
    if (order->slots) {
        ngx_free(order->slots);
    }

    ngx_memzero(order, sizeof(ngx_opscom_order_t));
}
