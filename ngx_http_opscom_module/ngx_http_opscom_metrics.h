
/*
 * What is counted, for all workers together: atomics in shared memory, which
 * a reload keeps.
 */


#ifndef NGX_HTTP_OPSCOM_METRICS_H_INCLUDED
#define NGX_HTTP_OPSCOM_METRICS_H_INCLUDED


#include "ngx_http_opscom_errors.h"
#include "ngx_http_opscom_module.h"


#define NGX_HTTP_OPSCOM_BUCKETS 12
#define NGX_HTTP_OPSCOM_WORKERS 256


/* Results of a request: a success or the code of an error. */

typedef enum {
    NGX_HTTP_OPSCOM_RESULT_WRITTEN, /* stored, updated or deleted */
    NGX_HTTP_OPSCOM_RESULT_REPLAYED,
    NGX_HTTP_OPSCOM_RESULT_ERRORS /* + ngx_http_opscom_error_id_t */
} ngx_http_opscom_result_id_t;

#define NGX_HTTP_OPSCOM_RESULTS                                               \
    (NGX_HTTP_OPSCOM_RESULT_ERRORS + NGX_HTTP_OPSCOM_ERRORS)


/* A worker's own: forgotten when the worker is no more. */

typedef struct {
    ngx_atomic_t        pid;
    ngx_opscom_gauges_t gauges;
} ngx_http_opscom_worker_t;


typedef struct {
    ngx_atomic_t requests[NGX_HTTP_OPSCOM_ENDPOINTS][NGX_HTTP_OPSCOM_RESULTS];
    ngx_atomic_t attributes[PERMIT_ATTRIBUTES][PERMIT_CODES];

    ngx_atomic_t buckets[NGX_HTTP_OPSCOM_BUCKETS]; /* each its own only */
    ngx_atomic_t durations;
    ngx_atomic_t duration_sum; /* microseconds */
    ngx_atomic_t reconnects;   /* of workers now gone */

    ngx_http_opscom_worker_t workers[NGX_HTTP_OPSCOM_WORKERS];
} ngx_http_opscom_metrics_t;


/* Upper bounds of the buckets in microseconds, and as they are written. */

typedef struct {
    ngx_uint_t limit;
    ngx_str_t  text;
} ngx_http_opscom_bucket_t;

extern const ngx_http_opscom_bucket_t
    ngx_http_opscom_buckets[NGX_HTTP_OPSCOM_BUCKETS];


/* Adds the zone to a configuration that has one of the handlers. */
ngx_int_t ngx_http_opscom_metrics_init(
    ngx_conf_t *cf, ngx_http_opscom_main_conf_t *omcf);

/* The counters; there from the start of the workers on. */
ngx_http_opscom_metrics_t *ngx_http_opscom_metrics(
    ngx_http_opscom_main_conf_t *omcf);

/* Claims a place for this worker, and gives it up. */
ngx_opscom_gauges_t *ngx_http_opscom_metrics_enter(
    ngx_http_opscom_main_conf_t *omcf);
void ngx_http_opscom_metrics_leave(ngx_http_opscom_main_conf_t *omcf);

/* Counts a request that is being answered. */
void ngx_http_opscom_metrics_request(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_opscom_ctx_t *ctx);

/* Microseconds of a clock that never goes back. */
uint64_t ngx_http_opscom_clock(void);

/* Counts a round trip to Redis, in microseconds. */
void ngx_http_opscom_metrics_trip(ngx_http_request_t *r, uint64_t us);


#endif /* NGX_HTTP_OPSCOM_METRICS_H_INCLUDED */
