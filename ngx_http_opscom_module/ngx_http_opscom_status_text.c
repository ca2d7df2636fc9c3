
/* The status for Prometheus. */


#include "ngx_http_opscom_status_text.h"


static void ngx_http_opscom_status_text_nothing(ngx_http_opscom_output_t *out);
static void ngx_http_opscom_status_text_group(ngx_http_opscom_output_t *out,
    ngx_str_t *member);
static void ngx_http_opscom_status_text_begin(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_metric_t *metric);
static void ngx_http_opscom_status_text_sample(ngx_http_opscom_output_t *out,
    ngx_str_t *labels, uint64_t value);
static void ngx_http_opscom_status_text_label(ngx_http_opscom_output_t *out,
    const ngx_str_t *name, const ngx_str_t *value);
static void ngx_http_opscom_status_text_bucket(ngx_http_opscom_output_t *out,
    const ngx_str_t *bound, uint64_t count);
static void ngx_http_opscom_status_text_histogram(
    ngx_http_opscom_output_t *out,
    const ngx_http_opscom_histogram_t *histogram);
static void ngx_http_opscom_status_text_records(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_records_t *records);


const ngx_http_opscom_emitter_t  ngx_http_opscom_status_text = {
    ngx_string("text/plain; version=0.0.4"),
    ngx_http_opscom_status_text_nothing,
    ngx_http_opscom_status_text_nothing,
    ngx_http_opscom_status_text_group,
    ngx_http_opscom_status_text_nothing,
    ngx_http_opscom_status_text_begin,
    ngx_http_opscom_status_text_sample,
    ngx_http_opscom_status_text_nothing,
    ngx_http_opscom_status_text_histogram,
    ngx_http_opscom_status_text_records
};


static const char  *ngx_http_opscom_status_text_types[] = {
    [NGX_HTTP_OPSCOM_COUNTER] = "counter",
    [NGX_HTTP_OPSCOM_GAUGE] = "gauge",
    [NGX_HTTP_OPSCOM_FLAG] = "gauge",
    [NGX_HTTP_OPSCOM_INFO] = "gauge",
    [NGX_HTTP_OPSCOM_HISTOGRAM] = "histogram",
};


static void
ngx_http_opscom_status_text_nothing(ngx_http_opscom_output_t *out)
{
    /* the format has no nesting */
}


static void
ngx_http_opscom_status_text_group(ngx_http_opscom_output_t *out,
    ngx_str_t *member)
{
    /* the format has no nesting */
}


static void
ngx_http_opscom_status_text_begin(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_metric_t *metric)
{
    ngx_str_t                type;
    ngx_http_opscom_text_t  *text;

    out->metric = metric;
    text = &out->json.text;

    type.data = (u_char *) ngx_http_opscom_status_text_types[metric->type];
    type.len = ngx_strlen(type.data);

    ngx_http_opscom_text_literal(text, "# HELP ");
    ngx_http_opscom_text_append(text, &metric->name);
    ngx_http_opscom_text_byte(text, ' ');
    ngx_http_opscom_text_append(text, &metric->help);
    ngx_http_opscom_text_literal(text, "\n# TYPE ");
    ngx_http_opscom_text_append(text, &metric->name);
    ngx_http_opscom_text_byte(text, ' ');
    ngx_http_opscom_text_append(text, &type);
    ngx_http_opscom_text_byte(text, LF);
}


static void
ngx_http_opscom_status_text_sample(ngx_http_opscom_output_t *out,
    ngx_str_t *labels, uint64_t value)
{
    u_char                           separator;
    ngx_uint_t                       i;
    ngx_http_opscom_text_t          *text;
    const ngx_http_opscom_metric_t  *metric;

    metric = out->metric;
    text = &out->json.text;
    separator = '{';

    ngx_http_opscom_text_append(text, &metric->name);

    for (i = 0; i < NGX_HTTP_OPSCOM_LABELS && metric->labels[i].len; i++) {
        ngx_http_opscom_text_byte(text, separator);
        ngx_http_opscom_status_text_label(out, &metric->labels[i], &labels[i]);
        separator = ',';
    }

    if (i) {
        ngx_http_opscom_text_byte(text, '}');
    }

    ngx_http_opscom_text_byte(text, ' ');
    ngx_http_opscom_text_number(text, value);
    ngx_http_opscom_text_byte(text, LF);
}


static void
ngx_http_opscom_status_text_label(ngx_http_opscom_output_t *out,
    const ngx_str_t *name, const ngx_str_t *value)
{
    u_char                   c;
    size_t                   i;
    ngx_http_opscom_text_t  *text;

    text = &out->json.text;

    ngx_http_opscom_text_append(text, name);
    ngx_http_opscom_text_literal(text, "=\"");

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (c == '"' || c == '\\' || c == LF) {
            ngx_http_opscom_text_byte(text, '\\');
            c = c == LF ? 'n' : c;
        }

        ngx_http_opscom_text_byte(text, c);
    }

    ngx_http_opscom_text_byte(text, '"');
}


static void
ngx_http_opscom_status_text_bucket(ngx_http_opscom_output_t *out,
    const ngx_str_t *bound, uint64_t count)
{
    ngx_http_opscom_text_t  *text;

    text = &out->json.text;

    ngx_http_opscom_text_append(text, &out->metric->name);
    ngx_http_opscom_text_literal(text, "_bucket{le=\"");
    ngx_http_opscom_text_append(text, bound);
    ngx_http_opscom_text_literal(text, "\"} ");
    ngx_http_opscom_text_number(text, count);
    ngx_http_opscom_text_byte(text, LF);
}


static void
ngx_http_opscom_status_text_histogram(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_histogram_t *histogram)
{
    ngx_uint_t               i;
    ngx_http_opscom_text_t  *text;
    static const ngx_str_t   infinity = ngx_string("+Inf");

    text = &out->json.text;

    for (i = 0; i < histogram->nbuckets; i++) {
        ngx_http_opscom_status_text_bucket(out, &histogram->bounds[i],
                                           histogram->counts[i]);
    }

    ngx_http_opscom_status_text_bucket(out, &infinity, histogram->count);

    ngx_http_opscom_text_append(text, &out->metric->name);
    ngx_http_opscom_text_literal(text, "_sum ");
    ngx_http_opscom_text_seconds(text, histogram->sum);
    ngx_http_opscom_text_byte(text, LF);

    ngx_http_opscom_text_append(text, &out->metric->name);
    ngx_http_opscom_text_literal(text, "_count ");
    ngx_http_opscom_text_number(text, histogram->count);
    ngx_http_opscom_text_byte(text, LF);
}


/* In this format the samples of a metric stand together. */

static void
ngx_http_opscom_status_text_records(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_records_t *records)
{
    uint64_t    values[NGX_HTTP_OPSCOM_RECORD];
    ngx_str_t   labels[NGX_HTTP_OPSCOM_LABELS];
    ngx_uint_t  i, m;

    for (m = 0; m < records->nmetrics; m++) {
        ngx_http_opscom_status_text_begin(out, &records->metrics[m]);

        i = 0;

        while (records->next(records->data, &i, labels, values)) {
            ngx_http_opscom_status_text_sample(out, labels, values[m]);
        }
    }
}
