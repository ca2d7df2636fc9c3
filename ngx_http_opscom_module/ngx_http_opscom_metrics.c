
/* Counters and gauges in shared memory. */


#include "ngx_http_opscom_metrics.h"


static ngx_int_t ngx_http_opscom_metrics_init(ngx_shm_zone_t *zone,
    void *data);
static ngx_uint_t ngx_http_opscom_metrics_is_running(
    ngx_http_opscom_metrics_worker_t *worker);


const ngx_str_t
    ngx_http_opscom_metrics_bucket_names[NGX_HTTP_OPSCOM_BUCKETS] = {
    ngx_string("0.0005"), ngx_string("0.001"), ngx_string("0.0025"),
    ngx_string("0.005"), ngx_string("0.01"), ngx_string("0.025"),
    ngx_string("0.05"), ngx_string("0.1"), ngx_string("0.25"),
    ngx_string("0.5"), ngx_string("1"), ngx_string("2.5")
};


/* the same, in microseconds */

static const uint64_t
    ngx_http_opscom_metrics_bounds[NGX_HTTP_OPSCOM_BUCKETS] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
    1000000, 2500000
};


ngx_shm_zone_t *
ngx_http_opscom_metrics_zone(ngx_conf_t *cf, void *tag)
{
    size_t            size;
    ngx_shm_zone_t   *zone;
    static ngx_str_t  name = ngx_string("ngx_http_opscom_module");

    /* the name is none that an operator would give to a zone */

    size = ngx_align(sizeof(ngx_http_opscom_metrics_t), ngx_pagesize)
           + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, tag);

    if (zone) {
        zone->init = ngx_http_opscom_metrics_init;
    }

    return zone;
}


static ngx_int_t
ngx_http_opscom_metrics_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t            *slab;
    ngx_http_opscom_metrics_t  *metrics;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    slab = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = slab->data;
        return NGX_OK;
    }

    metrics = ngx_slab_calloc(slab, sizeof(ngx_http_opscom_metrics_t));
    if (metrics == NULL) {
        return NGX_ERROR;
    }

    /* nginx takes it away from a worker that was killed */

    metrics->sources.mutex = &slab->mutex;

    zone->data = metrics;
    slab->data = metrics;

    return NGX_OK;
}


/* A process that starts reuses the place of one that was killed. */

ngx_opscom_gauges_t *
ngx_http_opscom_metrics_enter(ngx_http_opscom_metrics_t *metrics)
{
    ngx_http_opscom_metrics_worker_t  *worker;

    worker = &metrics->workers[ngx_process_slot];

    ngx_memzero(&worker->gauges, sizeof(ngx_opscom_gauges_t));
    worker->pid = ngx_pid;

    return &worker->gauges;
}


void
ngx_http_opscom_metrics_leave(ngx_http_opscom_metrics_t *metrics)
{
    metrics->workers[ngx_process_slot].pid = 0;
}


void
ngx_http_opscom_metrics_request(ngx_http_opscom_metrics_t *metrics,
    ngx_uint_t endpoint, ngx_uint_t result, permit_t *permit)
{
    ngx_uint_t  id;

    if (result == NGX_HTTP_OPSCOM_RESULT_NONE) {
        return;
    }

    (void) ngx_atomic_fetch_add(&metrics->requests[endpoint][result], 1);

    if (result < NGX_HTTP_OPSCOM_RESULT_ERROR) {
        return;
    }

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {

        if (permit->code[id] != PERMIT_GOOD) {
            (void) ngx_atomic_fetch_add(
                       &metrics->attributes[id][permit->code[id]], 1);
        }
    }
}


void
ngx_http_opscom_metrics_trip(ngx_http_opscom_metrics_t *metrics, uint64_t us)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_OPSCOM_BUCKETS; i++) {

        if (us <= ngx_http_opscom_metrics_bounds[i]) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&metrics->buckets[i], 1);
    (void) ngx_atomic_fetch_add(&metrics->duration_sum, us);
}


void
ngx_http_opscom_metrics_store(ngx_http_opscom_metrics_t *metrics,
    ngx_http_opscom_metrics_store_t *store)
{
    ngx_uint_t                         i;
    ngx_http_opscom_metrics_worker_t  *worker;

    store->up = 1;
    store->refusing = 0;
    store->inflight = 0;

    for (i = 0; i < NGX_MAX_PROCESSES; i++) {
        worker = &metrics->workers[i];

        if (!ngx_http_opscom_metrics_is_running(worker)) {
            continue;
        }

        store->inflight += worker->gauges.inflight;

        if (worker->gauges.down) {
            store->up = 0;
        }

        if (worker->gauges.refusing) {
            store->refusing = 1;
        }
    }
}


/* A worker that was killed while it was exiting is not replaced by another. */

static ngx_uint_t
ngx_http_opscom_metrics_is_running(ngx_http_opscom_metrics_worker_t *worker)
{
    return worker->pid
           && (kill((ngx_pid_t) worker->pid, 0) == 0 || ngx_errno != ESRCH);
}


uint64_t
ngx_http_opscom_metrics_clock(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (uint64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
