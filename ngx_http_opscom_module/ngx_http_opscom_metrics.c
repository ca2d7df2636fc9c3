
#include "ngx_http_opscom_metrics.h"


static ngx_int_t ngx_http_opscom_metrics_zone(
    ngx_shm_zone_t *zone, void *data);
static void ngx_http_opscom_metrics_claim(
    ngx_http_opscom_metrics_t *metrics, ngx_http_opscom_worker_t *worker);


const ngx_http_opscom_bucket_t
    ngx_http_opscom_buckets[NGX_HTTP_OPSCOM_BUCKETS] = {
        { 500, ngx_string("0.0005") },
        { 1000, ngx_string("0.001") },
        { 2500, ngx_string("0.0025") },
        { 5000, ngx_string("0.005") },
        { 10000, ngx_string("0.01") },
        { 25000, ngx_string("0.025") },
        { 50000, ngx_string("0.05") },
        { 100000, ngx_string("0.1") },
        { 250000, ngx_string("0.25") },
        { 500000, ngx_string("0.5") },
        { 1000000, ngx_string("1") },
        { 2500000, ngx_string("2.5") },
    };


/* This worker's place, once it has one. */

static ngx_http_opscom_worker_t *ngx_http_opscom_worker;


ngx_int_t
ngx_http_opscom_metrics_init(ngx_conf_t *cf, ngx_http_opscom_main_conf_t *omcf)
{
    size_t           size;
    static ngx_str_t name = ngx_string("opscom");

    if (omcf->zone) {
        return NGX_OK;
    }

    size = ngx_align(sizeof(ngx_http_opscom_metrics_t), ngx_pagesize)
        + 8 * ngx_pagesize;

    omcf->zone = ngx_shared_memory_add(
        cf, &name, size, &ngx_http_opscom_module);
    if (omcf->zone == NULL) {
        return NGX_ERROR;
    }

    omcf->zone->init = ngx_http_opscom_metrics_zone;

    return NGX_OK;
}


static ngx_int_t
ngx_http_opscom_metrics_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t *slab;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    slab = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = slab->data;
        return NGX_OK;
    }

    zone->data = ngx_slab_calloc(slab, sizeof(ngx_http_opscom_metrics_t));
    slab->data = zone->data;

    return zone->data ? NGX_OK : NGX_ERROR;
}


ngx_http_opscom_metrics_t *
ngx_http_opscom_metrics(ngx_http_opscom_main_conf_t *omcf)
{
    return omcf->zone->data;
}


ngx_opscom_gauges_t *
ngx_http_opscom_metrics_enter(ngx_http_opscom_main_conf_t *omcf)
{
    ngx_uint_t                 i;
    ngx_atomic_uint_t          pid;
    ngx_http_opscom_worker_t  *worker;
    ngx_http_opscom_metrics_t *metrics;

    metrics = ngx_http_opscom_metrics(omcf);

    for (i = 0; i < NGX_HTTP_OPSCOM_WORKERS; i++) {
        worker = &metrics->workers[i];
        pid = worker->pid;

        /* a worker that was killed gave nothing up */

        if (pid && (kill((ngx_pid_t) pid, 0) == 0 || ngx_errno != ESRCH)) {
            continue;
        }

        if (ngx_atomic_cmp_set(&worker->pid, pid, ngx_pid)) {
            ngx_http_opscom_metrics_claim(metrics, worker);
            return &worker->gauges;
        }
    }

    return NULL;
}


static void
ngx_http_opscom_metrics_claim(
    ngx_http_opscom_metrics_t *metrics, ngx_http_opscom_worker_t *worker)
{
    (void) ngx_atomic_fetch_add(
        &metrics->reconnects, worker->gauges.reconnects);
    ngx_memzero(&worker->gauges, sizeof(ngx_opscom_gauges_t));

    ngx_http_opscom_worker = worker;
}


void
ngx_http_opscom_metrics_leave(ngx_http_opscom_main_conf_t *omcf)
{
    ngx_http_opscom_worker_t *worker;

    worker = ngx_http_opscom_worker;

    if (worker == NULL) {
        return;
    }

    ngx_http_opscom_metrics_claim(ngx_http_opscom_metrics(omcf), worker);

    ngx_http_opscom_worker = NULL;
    worker->pid = 0;
}


void
ngx_http_opscom_metrics_request(ngx_http_request_t *r,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_opscom_ctx_t *ctx)
{
    ngx_uint_t                   id, result;
    ngx_http_opscom_metrics_t   *metrics;
    ngx_http_opscom_main_conf_t *omcf;

    if (olcf->endpoint == NULL || ctx->result_name.len == 0) {
        return;
    }

    omcf = ngx_http_get_module_main_conf(r, ngx_http_opscom_module);
    metrics = ngx_http_opscom_metrics(omcf);

    result = ctx->result_id;

    (void) ngx_atomic_fetch_add(
        &metrics->requests[olcf->endpoint->id][result], 1);

    if (result < NGX_HTTP_OPSCOM_RESULT_ERRORS) {
        return;
    }

    for (id = PERMIT_TOKEN; id < PERMIT_ATTRIBUTES; id++) {

        if (ctx->permit.code[id] != PERMIT_GOOD) {
            (void) ngx_atomic_fetch_add(
                &metrics->attributes[id][ctx->permit.code[id]], 1);
        }
    }
}


uint64_t
ngx_http_opscom_clock(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (uint64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}


void
ngx_http_opscom_metrics_trip(ngx_http_request_t *r, uint64_t us)
{
    ngx_uint_t                   i;
    ngx_http_opscom_metrics_t   *metrics;
    ngx_http_opscom_main_conf_t *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_opscom_module);
    metrics = ngx_http_opscom_metrics(omcf);

    for (i = 0; i < NGX_HTTP_OPSCOM_BUCKETS; i++) {

        if (us <= ngx_http_opscom_buckets[i].limit) {
            (void) ngx_atomic_fetch_add(&metrics->buckets[i], 1);
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&metrics->durations, 1);
    (void) ngx_atomic_fetch_add(&metrics->duration_sum, us);
}
