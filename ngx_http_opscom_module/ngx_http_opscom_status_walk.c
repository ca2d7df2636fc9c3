
/* The metrics, and the walk over them. */


#include "ngx_http_opscom_endpoints.h"
#include "ngx_http_opscom_status_walk.h"
#include "ngx_http_opscom_version.h"

#include "permit/permit_attributes.h"
#include "permit/permit_code.h"
#include "store/ngx_opscom_text.h"


/* One step of the walk. */

typedef void (*ngx_http_opscom_status_pt)(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);


static void ngx_http_opscom_status_walk_requests(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);
static void ngx_http_opscom_status_walk_result(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics, ngx_uint_t endpoint,
    ngx_uint_t result);
static void ngx_http_opscom_status_walk_attributes(
    ngx_http_opscom_output_t *out, const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);
static ngx_uint_t ngx_http_opscom_status_walk_is_possible(ngx_uint_t id,
    ngx_uint_t code);
static ngx_uint_t ngx_http_opscom_status_walk_is_required(ngx_uint_t id);
static void ngx_http_opscom_status_walk_store(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);
static void ngx_http_opscom_status_walk_refusals(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);
static void ngx_http_opscom_status_walk_duration(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);
static void ngx_http_opscom_status_walk_sources(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);
static ngx_uint_t ngx_http_opscom_status_walk_source(void *data, ngx_uint_t *i,
    ngx_str_t *labels, uint64_t *values);
static void ngx_http_opscom_status_walk_build(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);
static void ngx_http_opscom_status_walk_one(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    const ngx_http_opscom_metric_t *metric, uint64_t value);


static const ngx_http_opscom_status_pt  ngx_http_opscom_status_steps[] = {
    ngx_http_opscom_status_walk_requests,
    ngx_http_opscom_status_walk_attributes,
    ngx_http_opscom_status_walk_store,
    ngx_http_opscom_status_walk_sources,
    ngx_http_opscom_status_walk_build,
};

#define NGX_HTTP_OPSCOM_STATUS_STEPS                                          \
    (sizeof(ngx_http_opscom_status_steps)                                     \
     / sizeof(ngx_http_opscom_status_steps[0]))


/* docs/operations.md has the same metrics; a test compares them. */

enum {
    NGX_HTTP_OPSCOM_METRIC_REQUESTS,
    NGX_HTTP_OPSCOM_METRIC_ATTRIBUTES,
    NGX_HTTP_OPSCOM_METRIC_UP,
    NGX_HTTP_OPSCOM_METRIC_INFLIGHT,
    NGX_HTTP_OPSCOM_METRIC_RECONNECTS,
    NGX_HTTP_OPSCOM_METRIC_REFUSING,
    NGX_HTTP_OPSCOM_METRIC_REFUSALS,
    NGX_HTTP_OPSCOM_METRIC_RETRIES,
    NGX_HTTP_OPSCOM_METRIC_DURATION,
    NGX_HTTP_OPSCOM_METRIC_SOURCE_PERMITS,
    NGX_HTTP_OPSCOM_METRIC_SOURCE_LAST, /* behind it: they are one set */
    NGX_HTTP_OPSCOM_METRIC_BUILD
};

static const ngx_http_opscom_metric_t  ngx_http_opscom_status_metrics[] = {

    [NGX_HTTP_OPSCOM_METRIC_REQUESTS] = {
        NGX_HTTP_OPSCOM_COUNTER,
        ngx_string("requests"),
        ngx_string("opscom_requests_total"),
        ngx_string("Requests by endpoint and result."),
        { ngx_string("endpoint"), ngx_string("result") }
    },

    [NGX_HTTP_OPSCOM_METRIC_ATTRIBUTES] = {
        NGX_HTTP_OPSCOM_COUNTER,
        ngx_string("attribute_errors"),
        ngx_string("opscom_attribute_errors_total"),
        ngx_string("Refused attributes by attribute and error code."),
        { ngx_string("attribute"), ngx_string("code") }
    },

    [NGX_HTTP_OPSCOM_METRIC_UP] = {
        NGX_HTTP_OPSCOM_FLAG,
        ngx_string("up"),
        ngx_string("opscom_store_up"),
        ngx_string("Whether Redis is reachable (1) or not (0)."),
        { ngx_null_string, ngx_null_string }
    },

    [NGX_HTTP_OPSCOM_METRIC_INFLIGHT] = {
        NGX_HTTP_OPSCOM_GAUGE,
        ngx_string("inflight"),
        ngx_string("opscom_store_inflight"),
        ngx_string("Commands sent or waiting, without a reply yet."),
        { ngx_null_string, ngx_null_string }
    },

    [NGX_HTTP_OPSCOM_METRIC_RECONNECTS] = {
        NGX_HTTP_OPSCOM_COUNTER,
        ngx_string("reconnects"),
        ngx_string("opscom_store_reconnects_total"),
        ngx_string("Attempts to reconnect to Redis."),
        { ngx_null_string, ngx_null_string }
    },

    [NGX_HTTP_OPSCOM_METRIC_REFUSING] = {
        NGX_HTTP_OPSCOM_FLAG,
        ngx_string("refusing"),
        ngx_string("opscom_store_refusing"),
        ngx_string("Whether Redis refused the last write (1) or not (0)."),
        { ngx_null_string, ngx_null_string }
    },

    [NGX_HTTP_OPSCOM_METRIC_REFUSALS] = {
        NGX_HTTP_OPSCOM_COUNTER,
        ngx_string("refusals"),
        ngx_string("opscom_store_refusals_total"),
        ngx_string("Errors of Redis by their first word."),
        { ngx_string("reason"), ngx_null_string }
    },

    [NGX_HTTP_OPSCOM_METRIC_RETRIES] = {
        NGX_HTTP_OPSCOM_COUNTER,
        ngx_string("retries"),
        ngx_string("opscom_store_retries_total"),
        ngx_string("Commands sent again after an outage of Redis."),
        { ngx_null_string, ngx_null_string }
    },

    [NGX_HTTP_OPSCOM_METRIC_DURATION] = {
        NGX_HTTP_OPSCOM_HISTOGRAM,
        ngx_string("duration"),
        ngx_string("opscom_store_duration_seconds"),
        ngx_string("Duration of round trips to Redis."),
        { ngx_null_string, ngx_null_string }
    },

    [NGX_HTTP_OPSCOM_METRIC_SOURCE_PERMITS] = {
        NGX_HTTP_OPSCOM_COUNTER,
        ngx_string("permits"),
        ngx_string("opscom_source_permits_total"),
        ngx_string("Permits stored by client and label of the token."),
        { ngx_string("client"), ngx_string("source") }
    },

    [NGX_HTTP_OPSCOM_METRIC_SOURCE_LAST] = {
        NGX_HTTP_OPSCOM_GAUGE,
        ngx_string("last"),
        ngx_string("opscom_source_last_permit_timestamp_seconds"),
        ngx_string("When the last permit was stored, since 1970."),
        { ngx_string("client"), ngx_string("source") }
    },

    [NGX_HTTP_OPSCOM_METRIC_BUILD] = {
        NGX_HTTP_OPSCOM_INFO,
        ngx_string("build"),
        ngx_string("opscom_build_info"),
        ngx_string("Versions of the module and of nginx."),
        { ngx_string("version"), ngx_string("nginx") }
    },
};

#define ngx_http_opscom_status_metric(id)                                     \
    (&ngx_http_opscom_status_metrics[NGX_HTTP_OPSCOM_METRIC_ ## id])


void
ngx_http_opscom_status_walk(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    ngx_uint_t  i;

    emitter->open(out);

    for (i = 0; i < NGX_HTTP_OPSCOM_STATUS_STEPS; i++) {
        ngx_http_opscom_status_steps[i](out, emitter, metrics);
    }

    emitter->close(out);
}


static void
ngx_http_opscom_status_walk_requests(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    ngx_uint_t  endpoint, result;

    emitter->begin(out, ngx_http_opscom_status_metric(REQUESTS));

    for (endpoint = 0; endpoint < NGX_HTTP_OPSCOM_ENDPOINTS; endpoint++) {

        for (result = 0; result < NGX_HTTP_OPSCOM_RESULTS; result++) {
            ngx_http_opscom_status_walk_result(out, emitter, metrics, endpoint,
                                               result);
        }
    }

    emitter->end(out);
}


/* Results of one name are one sample, where the first of them stands. */

static void
ngx_http_opscom_status_walk_result(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics, ngx_uint_t endpoint,
    ngx_uint_t result)
{
    uint64_t                           count;
    ngx_str_t                          labels[NGX_HTTP_OPSCOM_LABELS], name;
    ngx_uint_t                         other;
    const ngx_http_opscom_endpoint_t  *row;

    row = &ngx_http_opscom_endpoints[endpoint];
    count = 0;

    labels[0] = row->name;
    labels[1] = ngx_http_opscom_endpoint_result(row, result);

    if (labels[1].len == 0) {
        return;
    }

    for (other = 0; other < NGX_HTTP_OPSCOM_RESULTS; other++) {
        name = ngx_http_opscom_endpoint_result(row, other);

        if (!ngx_opscom_text_equal(&name, &labels[1])) {
            continue;
        }

        if (other < result) {
            return;
        }

        count += metrics->requests[endpoint][other];
    }

    emitter->sample(out, labels, count);
}


static void
ngx_http_opscom_status_walk_attributes(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    ngx_str_t   labels[NGX_HTTP_OPSCOM_LABELS];
    ngx_uint_t  id, code;

    emitter->begin(out, ngx_http_opscom_status_metric(ATTRIBUTES));

    for (id = 0; id < PERMIT_ATTRIBUTES; id++) {
        labels[0].data = (u_char *) permit_attributes[id].canonical;
        labels[0].len = ngx_strlen(labels[0].data);

        for (code = 0; code < PERMIT_CODES; code++) {

            if (!ngx_http_opscom_status_walk_is_possible(id, code)) {
                continue;
            }

            labels[1].data = (u_char *) permit_code_name(code);
            labels[1].len = ngx_strlen(labels[1].data);

            emitter->sample(out, labels, metrics->attributes[id][code]);
        }
    }

    emitter->end(out);
}


/* Only codes that are possible for the attribute. */

static ngx_uint_t
ngx_http_opscom_status_walk_is_possible(ngx_uint_t id, ngx_uint_t code)
{
    switch (code) {

    case PERMIT_GOOD:
        return 0;

    case PERMIT_OUT_OF_RANGE:
        return id == PERMIT_AMOUNT || id == PERMIT_START || id == PERMIT_END
               || id == PERMIT_AT;

    case PERMIT_UNSUPPORTED:
        return id == PERMIT_CURRENCY;

    case PERMIT_END_NOT_AFTER_START:
        return id == PERMIT_END;

    case PERMIT_MISSING:
        return ngx_http_opscom_status_walk_is_required(id);

    default:
        return 1;
    }
}


static ngx_uint_t
ngx_http_opscom_status_walk_is_required(ngx_uint_t id)
{
    ngx_uint_t              i;
    const permit_schema_t  *schema;

    for (i = 0; i < NGX_HTTP_OPSCOM_ENDPOINTS; i++) {
        schema = ngx_http_opscom_endpoints[i].schema;

        if (schema && schema->need[id] >= PERMIT_REQUIRED) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_opscom_status_walk_store(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    static ngx_str_t                 member = ngx_string("store");
    ngx_http_opscom_metrics_store_t  store;

    ngx_http_opscom_metrics_store(metrics, &store);

    emitter->group(out, &member);

    ngx_http_opscom_status_walk_one(out, emitter,
                                    ngx_http_opscom_status_metric(UP),
                                    store.up);
    ngx_http_opscom_status_walk_one(out, emitter,
                                    ngx_http_opscom_status_metric(INFLIGHT),
                                    store.inflight);
    ngx_http_opscom_status_walk_one(out, emitter,
                                    ngx_http_opscom_status_metric(RECONNECTS),
                                    metrics->store.reconnects);
    ngx_http_opscom_status_walk_duration(out, emitter, metrics);
    ngx_http_opscom_status_walk_one(out, emitter,
                                    ngx_http_opscom_status_metric(REFUSING),
                                    store.refusing);
    ngx_http_opscom_status_walk_refusals(out, emitter, metrics);
    ngx_http_opscom_status_walk_one(out, emitter,
                                    ngx_http_opscom_status_metric(RETRIES),
                                    metrics->store.retries);

    emitter->ungroup(out);
}


static void
ngx_http_opscom_status_walk_refusals(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    ngx_str_t   reason;
    ngx_uint_t  i;

    emitter->begin(out, ngx_http_opscom_status_metric(REFUSALS));

    for (i = 0; i < NGX_OPSCOM_REFUSALS; i++) {
        reason = ngx_opscom_account_refusal_names[i];
        emitter->sample(out, &reason, metrics->store.refusals[i]);
    }

    emitter->end(out);
}


/* The count is a sum of the buckets: workers count while they are read. */

static void
ngx_http_opscom_status_walk_duration(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    uint64_t                     count, counts[NGX_HTTP_OPSCOM_BUCKETS];
    ngx_uint_t                   i;
    ngx_http_opscom_histogram_t  histogram;

    count = 0;

    for (i = 0; i < NGX_HTTP_OPSCOM_BUCKETS; i++) {
        count += metrics->buckets[i];
        counts[i] = count;
    }

    histogram.nbuckets = NGX_HTTP_OPSCOM_BUCKETS;
    histogram.bounds = ngx_http_opscom_metrics_bucket_names;
    histogram.counts = counts;
    histogram.count = count + metrics->buckets[NGX_HTTP_OPSCOM_BUCKETS];
    histogram.sum = metrics->duration_sum;

    emitter->begin(out, ngx_http_opscom_status_metric(DURATION));
    emitter->histogram(out, &histogram);
    emitter->end(out);
}


static void
ngx_http_opscom_status_walk_sources(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    ngx_http_opscom_records_t  records;

    ngx_str_set(&records.member, "sources");
    records.metrics = ngx_http_opscom_status_metric(SOURCE_PERMITS);
    records.nmetrics = NGX_HTTP_OPSCOM_RECORD;
    records.data = &metrics->sources;
    records.next = ngx_http_opscom_status_walk_source;

    emitter->records(out, &records);
}


static ngx_uint_t
ngx_http_opscom_status_walk_source(void *data, ngx_uint_t *i, ngx_str_t *labels,
    uint64_t *values)
{
    ngx_http_opscom_source_t  *source;

    source = ngx_http_opscom_sources_next(data, i);

    if (source == NULL) {
        return 0;
    }

    labels[0].data = source->client;
    labels[0].len = source->client_len;
    labels[1].data = source->label;
    labels[1].len = source->label_len;

    values[0] = source->permits;
    values[1] = source->last;

    return 1;
}


static void
ngx_http_opscom_status_walk_build(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics)
{
    ngx_str_t  labels[NGX_HTTP_OPSCOM_LABELS] = {
        ngx_string(NGX_HTTP_OPSCOM_VERSION), ngx_string(NGINX_VERSION)
    };

    emitter->begin(out, ngx_http_opscom_status_metric(BUILD));
    emitter->sample(out, labels, 1);
    emitter->end(out);
}


/* A metric without labels. */

static void
ngx_http_opscom_status_walk_one(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    const ngx_http_opscom_metric_t *metric, uint64_t value)
{
    emitter->begin(out, metric);
    emitter->sample(out, NULL, value);
    emitter->end(out);
}
