
/*
 * Counters of all workers together, and gauges of each: atomics in shared
 * memory, which a reload keeps.
 */


#ifndef NGX_HTTP_OPSCOM_METRICS_H_INCLUDED
#define NGX_HTTP_OPSCOM_METRICS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "permit/permit.h"
#include "store/ngx_opscom_store.h"

#include "ngx_http_opscom_endpoint.h"
#include "ngx_http_opscom_errors.h"
#include "ngx_http_opscom_sources.h"


#define NGX_HTTP_OPSCOM_BUCKETS 12


/* A worker's own, by its place in nginx's table of processes. */

typedef struct {
    ngx_atomic_t         pid; /* 0: no worker */
    ngx_opscom_gauges_t  gauges;
} ngx_http_opscom_metrics_worker_t;


typedef struct {
    ngx_atomic_t  requests[NGX_HTTP_OPSCOM_ENDPOINTS][NGX_HTTP_OPSCOM_RESULTS];
    ngx_atomic_t  attributes[PERMIT_ATTRIBUTES][PERMIT_CODES];

    /* each its own only; the last one has what is beyond the bounds */
    ngx_atomic_t  buckets[NGX_HTTP_OPSCOM_BUCKETS + 1];
    ngx_atomic_t  duration_sum; /* microseconds */

    ngx_opscom_counters_t  store;

    ngx_http_opscom_sources_t  sources;

    ngx_http_opscom_metrics_worker_t  workers[NGX_MAX_PROCESSES];
} ngx_http_opscom_metrics_t;


/* The gauges of all workers together. */

typedef struct {
    ngx_uint_t  up;
    ngx_uint_t  refusing;
    ngx_uint_t  inflight;
} ngx_http_opscom_metrics_store_t;


/* Upper bounds of the buckets, as they are written. */

extern const ngx_str_t
    ngx_http_opscom_metrics_bucket_names[NGX_HTTP_OPSCOM_BUCKETS];


/* Adds the shared memory zone to a configuration; NULL on failure. */
ngx_shm_zone_t *ngx_http_opscom_metrics_zone(ngx_conf_t *cf, void *tag);

/* Starts and ends the gauges of this worker. */
ngx_opscom_gauges_t *ngx_http_opscom_metrics_enter(
    ngx_http_opscom_metrics_t *metrics);
void ngx_http_opscom_metrics_leave(ngx_http_opscom_metrics_t *metrics);

/*
 * Counts a request, and the attributes for which it was refused.  Nothing is
 * counted for NGX_HTTP_OPSCOM_RESULT_NONE.
 */
void ngx_http_opscom_metrics_request(ngx_http_opscom_metrics_t *metrics,
    ngx_uint_t endpoint, ngx_uint_t result, permit_t *permit);

/* Counts a round trip to Redis, in microseconds. */
void ngx_http_opscom_metrics_trip(ngx_http_opscom_metrics_t *metrics,
    uint64_t us);

/* Sums up the gauges of the workers that are running. */
void ngx_http_opscom_metrics_store(ngx_http_opscom_metrics_t *metrics,
    ngx_http_opscom_metrics_store_t *store);

/* Microseconds of a monotonic clock. */
uint64_t ngx_http_opscom_metrics_clock(void);


#endif /* NGX_HTTP_OPSCOM_METRICS_H_INCLUDED */
