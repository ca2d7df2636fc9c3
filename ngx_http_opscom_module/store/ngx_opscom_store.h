
/*
 * The store: one Redis deployment as the locations that share its settings see
 * it, and every worker's connections to it.  Independent of HTTP.
 */


#ifndef NGX_OPSCOM_STORE_H_INCLUDED
#define NGX_OPSCOM_STORE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_opscom_account.h"
#include "ngx_opscom_call.h"
#include "ngx_opscom_settings.h"


typedef struct ngx_opscom_store_s ngx_opscom_store_t;


/* Makes a store at configuration time, or NULL without memory. */
ngx_opscom_store_t *ngx_opscom_store_create(ngx_conf_t *cf,
    ngx_opscom_settings_t *settings);

ngx_opscom_settings_t *ngx_opscom_store_settings(ngx_opscom_store_t *store);

/* Sets the counters that the store uses in this worker from now on. */
void ngx_opscom_store_count(ngx_opscom_store_t *store,
    ngx_opscom_gauges_t *gauges, ngx_opscom_counters_t *counters);

/*
 * Sends a call.  NGX_OK: done() will be called, later, within the retry time
 * and one timeout of the settings, unless the call is cancelled.  NGX_DECLINED:
 * Redis is down, NGX_BUSY: too many calls are in flight or wait,
 * NGX_ERROR: no memory; with these three done() is not called, and nothing was
 * sent.
 */
ngx_int_t ngx_opscom_store_send(ngx_opscom_store_t *store,
    ngx_opscom_call_t *call);

/*
 * Cancels: done() will not be called, and a reply that comes is dropped.  May
 * be called at any time; harmless before the call was sent and after it ended.
 */
void ngx_opscom_store_cancel(ngx_opscom_call_t *call);

/* Closes all connections: the worker exits. */
void ngx_opscom_store_close(ngx_opscom_store_t *store);


#endif /* NGX_OPSCOM_STORE_H_INCLUDED */
