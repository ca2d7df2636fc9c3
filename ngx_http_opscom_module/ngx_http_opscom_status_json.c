
/* The status as JSON: labels become nested objects. */


#include "ngx_http_opscom_status_json.h"


static void ngx_http_opscom_status_json_open(ngx_http_opscom_output_t *out);
static void ngx_http_opscom_status_json_close(ngx_http_opscom_output_t *out);
static void ngx_http_opscom_status_json_group(ngx_http_opscom_output_t *out,
    ngx_str_t *member);
static void ngx_http_opscom_status_json_ungroup(ngx_http_opscom_output_t *out);
static void ngx_http_opscom_status_json_begin(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_metric_t *metric);
static void ngx_http_opscom_status_json_sample(ngx_http_opscom_output_t *out,
    ngx_str_t *labels, uint64_t value);
static void ngx_http_opscom_status_json_labels(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_metric_t *metric, ngx_str_t *labels);
static void ngx_http_opscom_status_json_name(ngx_http_opscom_output_t *out,
    const ngx_str_t *name);
static void ngx_http_opscom_status_json_end(ngx_http_opscom_output_t *out);
static void ngx_http_opscom_status_json_histogram(
    ngx_http_opscom_output_t *out,
    const ngx_http_opscom_histogram_t *histogram);
static void ngx_http_opscom_status_json_records(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_records_t *records);


const ngx_http_opscom_emitter_t  ngx_http_opscom_status_json = {
    ngx_string("application/json"),
    ngx_http_opscom_status_json_open,
    ngx_http_opscom_status_json_close,
    ngx_http_opscom_status_json_group,
    ngx_http_opscom_status_json_ungroup,
    ngx_http_opscom_status_json_begin,
    ngx_http_opscom_status_json_sample,
    ngx_http_opscom_status_json_end,
    ngx_http_opscom_status_json_histogram,
    ngx_http_opscom_status_json_records
};


static void
ngx_http_opscom_status_json_open(ngx_http_opscom_output_t *out)
{
    ngx_http_opscom_json_open(&out->json, '{');
}


static void
ngx_http_opscom_status_json_close(ngx_http_opscom_output_t *out)
{
    ngx_http_opscom_json_close(&out->json, '}');
    ngx_http_opscom_text_byte(&out->json.text, LF);
}


static void
ngx_http_opscom_status_json_ungroup(ngx_http_opscom_output_t *out)
{
    ngx_http_opscom_json_close(&out->json, '}');
}


static void
ngx_http_opscom_status_json_group(ngx_http_opscom_output_t *out,
    ngx_str_t *member)
{
    ngx_http_opscom_status_json_name(out, member);
    ngx_http_opscom_json_open(&out->json, '{');
}


static void
ngx_http_opscom_status_json_begin(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_metric_t *metric)
{
    out->metric = metric;
    ngx_str_null(&out->group);

    ngx_http_opscom_status_json_name(out, &metric->member);

    if (metric->labels[0].len) {
        ngx_http_opscom_json_open(&out->json, '{');
    }
}


static void
ngx_http_opscom_status_json_sample(ngx_http_opscom_output_t *out,
    ngx_str_t *labels, uint64_t value)
{
    const ngx_http_opscom_metric_t  *metric;

    metric = out->metric;

    if (metric->type == NGX_HTTP_OPSCOM_INFO) {
        ngx_http_opscom_status_json_labels(out, metric, labels);
        return;
    }

    if (metric->labels[1].len) {

        if (out->group.data != labels[0].data) {

            if (out->group.data) {
                ngx_http_opscom_json_close(&out->json, '}');
            }

            out->group = labels[0];
            ngx_http_opscom_status_json_group(out, &labels[0]);
        }

        ngx_http_opscom_status_json_name(out, &labels[1]);

    } else if (metric->labels[0].len) {
        ngx_http_opscom_status_json_name(out, &labels[0]);
    }

    if (metric->type == NGX_HTTP_OPSCOM_FLAG) {
        ngx_http_opscom_json_bool(&out->json, value != 0);
        return;
    }

    ngx_http_opscom_json_number(&out->json, value);
}


static void
ngx_http_opscom_status_json_labels(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_metric_t *metric, ngx_str_t *labels)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_OPSCOM_LABELS; i++) {
        ngx_http_opscom_status_json_name(out, &metric->labels[i]);
        ngx_http_opscom_json_string(&out->json, &labels[i]);
    }
}


static void
ngx_http_opscom_status_json_name(ngx_http_opscom_output_t *out,
    const ngx_str_t *name)
{
    ngx_http_opscom_json_name(&out->json, name->data, name->len);
}


static void
ngx_http_opscom_status_json_end(ngx_http_opscom_output_t *out)
{
    if (out->group.data) {
        ngx_http_opscom_json_close(&out->json, '}');
    }

    if (out->metric->labels[0].len) {
        ngx_http_opscom_json_close(&out->json, '}');
    }
}


static void
ngx_http_opscom_status_json_histogram(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_histogram_t *histogram)
{
    ngx_uint_t  i;

    ngx_http_opscom_json_open(&out->json, '{');
    ngx_http_opscom_json_member(&out->json, "count");
    ngx_http_opscom_json_number(&out->json, histogram->count);
    ngx_http_opscom_json_member(&out->json, "sum");
    ngx_http_opscom_json_seconds(&out->json, histogram->sum);
    ngx_http_opscom_json_member(&out->json, "buckets");
    ngx_http_opscom_json_open(&out->json, '{');

    for (i = 0; i < histogram->nbuckets; i++) {
        ngx_http_opscom_status_json_name(out, &histogram->bounds[i]);
        ngx_http_opscom_json_number(&out->json, histogram->counts[i]);
    }

    ngx_http_opscom_json_close(&out->json, '}');
    ngx_http_opscom_json_close(&out->json, '}');
}


static void
ngx_http_opscom_status_json_records(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_records_t *records)
{
    uint64_t    values[NGX_HTTP_OPSCOM_RECORD];
    ngx_str_t   labels[NGX_HTTP_OPSCOM_LABELS];
    ngx_uint_t  i, m;

    ngx_http_opscom_status_json_name(out, &records->member);
    ngx_http_opscom_json_open(&out->json, '[');

    i = 0;

    while (records->next(records->data, &i, labels, values)) {
        ngx_http_opscom_json_open(&out->json, '{');
        ngx_http_opscom_status_json_labels(out, records->metrics, labels);

        for (m = 0; m < records->nmetrics; m++) {
            ngx_http_opscom_status_json_name(out,
                                             &records->metrics[m].member);
            ngx_http_opscom_json_number(&out->json, values[m]);
        }

        ngx_http_opscom_json_close(&out->json, '}');
    }

    ngx_http_opscom_json_close(&out->json, ']');
}
