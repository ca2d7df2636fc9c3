
/*
 * What a format of the status must be able to write.  The status is one walk
 * over the metrics (ngx_http_opscom_status_walk.c) that calls these; there is
 * one emitter for JSON and one for Prometheus.
 */


#ifndef NGX_HTTP_OPSCOM_EMITTER_H_INCLUDED
#define NGX_HTTP_OPSCOM_EMITTER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_opscom_json.h"


#define NGX_HTTP_OPSCOM_LABELS 2
#define NGX_HTTP_OPSCOM_RECORD 2 /* metrics of a set, at most */


typedef enum {
    NGX_HTTP_OPSCOM_COUNTER,
    NGX_HTTP_OPSCOM_GAUGE,
    NGX_HTTP_OPSCOM_FLAG, /* a gauge of 1 or 0, in JSON a boolean */
    NGX_HTTP_OPSCOM_INFO, /* a gauge of 1 that has labels only */
    NGX_HTTP_OPSCOM_HISTOGRAM
} ngx_http_opscom_metric_type_t;


/* A metric: its two names, and those of its labels (len 0: none). */

typedef struct {
    ngx_http_opscom_metric_type_t  type;
    ngx_str_t                      member; /* in JSON, in the current object */
    ngx_str_t                      name;   /* for Prometheus */
    ngx_str_t                      help;
    ngx_str_t                      labels[NGX_HTTP_OPSCOM_LABELS];
} ngx_http_opscom_metric_t;


typedef struct {
    ngx_uint_t        nbuckets;
    const ngx_str_t  *bounds; /* upper ones, as they are written */
    uint64_t         *counts; /* up to that bound */
    uint64_t          count;
    uint64_t          sum; /* microseconds */
} ngx_http_opscom_histogram_t;


/*
 * Metrics of one set of samples: for each sample there is a value of each
 * metric.  In JSON that is an array of objects, of the labels and the values.
 */

typedef struct {
    ngx_str_t                        member;
    const ngx_http_opscom_metric_t  *metrics; /* all with the same labels */
    ngx_uint_t                       nmetrics;
    void                            *data;

    /*
     * The next sample: *i is 0 at first; what it returns stays valid until it
     * is called again.  0 at the end.
     */
    ngx_uint_t (*next)(void *data, ngx_uint_t *i, ngx_str_t *labels,
        uint64_t *values);
} ngx_http_opscom_records_t;


/* The output so far. */

typedef struct {
    ngx_http_opscom_json_t           json;   /* its text serves both formats */
    const ngx_http_opscom_metric_t  *metric; /* the current one */
    ngx_str_t                        group;  /* the first label's last value */
} ngx_http_opscom_output_t;


typedef struct {
    ngx_str_t  type; /* of the content */

    /* around everything */
    void (*open)(ngx_http_opscom_output_t *out);
    void (*close)(ngx_http_opscom_output_t *out);

    /* around metrics that belong together; only JSON has that */
    void (*group)(ngx_http_opscom_output_t *out, ngx_str_t *member);
    void (*ungroup)(ngx_http_opscom_output_t *out);

    /*
     * A metric: begin, its samples, end.  Each sample has a value for each
     * label; samples of the same first value stand together.
     */
    void (*begin)(ngx_http_opscom_output_t *out,
        const ngx_http_opscom_metric_t *metric);
    void (*sample)(ngx_http_opscom_output_t *out, ngx_str_t *labels,
        uint64_t value);
    void (*end)(ngx_http_opscom_output_t *out);

    /* between begin and end, instead of samples */
    void (*histogram)(ngx_http_opscom_output_t *out,
        const ngx_http_opscom_histogram_t *histogram);

    /* on its own, without begin and end */
    void (*records)(ngx_http_opscom_output_t *out,
        const ngx_http_opscom_records_t *records);
} ngx_http_opscom_emitter_t;


#endif /* NGX_HTTP_OPSCOM_EMITTER_H_INCLUDED */
