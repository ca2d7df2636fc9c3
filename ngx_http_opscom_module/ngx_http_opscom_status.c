
/* The counters, written once for both formats: walks in, lines out. */


#include "ngx_http_opscom_answer.h"
#include "ngx_http_opscom_metrics.h"
#include "ngx_http_opscom_request.h"
#include "ngx_http_opscom_status.h"


/* No line, and no member, is longer; and how many there are at most. */

#define NGX_HTTP_OPSCOM_LINE 160
#define NGX_HTTP_OPSCOM_LINES                                                 \
    (NGX_HTTP_OPSCOM_ENDPOINTS * NGX_HTTP_OPSCOM_RESULTS                      \
        + PERMIT_ATTRIBUTES * PERMIT_CODES + NGX_HTTP_OPSCOM_BUCKETS + 32)


/* The store as all workers together see it. */

typedef struct {
    ngx_uint_t up;
    ngx_uint_t inflight;
    ngx_uint_t reconnects;
} ngx_http_opscom_store_state_t;


typedef u_char *(*ngx_http_opscom_print_pt)(
    u_char *p, ngx_http_opscom_metrics_t *metrics);


static ngx_int_t ngx_http_opscom_result_name(
    const ngx_http_opscom_endpoint_t *endpoint, ngx_uint_t result,
    ngx_str_t *name);
static ngx_uint_t ngx_http_opscom_result_count(
    ngx_http_opscom_metrics_t *metrics, ngx_uint_t endpoint,
    ngx_uint_t result);
static ngx_uint_t ngx_http_opscom_code_is_possible(
    ngx_uint_t id, ngx_uint_t code);
static void ngx_http_opscom_store_state(
    ngx_http_opscom_metrics_t *metrics, ngx_http_opscom_store_state_t *state);

static u_char *ngx_http_opscom_json_status(
    u_char *p, ngx_http_opscom_metrics_t *metrics);
static u_char *ngx_http_opscom_json_requests(
    u_char *p, ngx_http_opscom_metrics_t *metrics);
static u_char *ngx_http_opscom_json_attributes(
    u_char *p, ngx_http_opscom_metrics_t *metrics);
static u_char *ngx_http_opscom_json_store(
    u_char *p, ngx_http_opscom_metrics_t *metrics);

static u_char *ngx_http_opscom_text_status(
    u_char *p, ngx_http_opscom_metrics_t *metrics);
static u_char *ngx_http_opscom_text_requests(
    u_char *p, ngx_http_opscom_metrics_t *metrics);
static u_char *ngx_http_opscom_text_attributes(
    u_char *p, ngx_http_opscom_metrics_t *metrics);
static u_char *ngx_http_opscom_text_store(
    u_char *p, ngx_http_opscom_metrics_t *metrics);


ngx_int_t
ngx_http_opscom_status_handler(ngx_http_request_t *r)
{
    ngx_str_t                    body;
    ngx_http_opscom_ctx_t       *ctx;
    ngx_http_opscom_print_pt     print;
    ngx_http_opscom_loc_conf_t  *olcf;
    ngx_http_opscom_main_conf_t *omcf;
    static ngx_str_t             allow = ngx_string("GET, HEAD");
    static ngx_str_t             json = ngx_string("application/json");
    static ngx_str_t             text = ngx_string("text/plain;"
                                                               " version=0.0.4");

    ctx = ngx_http_opscom_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return ngx_http_opscom_answer_not_allowed(r, ctx, &allow);
    }

    body.data = ngx_pnalloc(
        r->pool, NGX_HTTP_OPSCOM_LINES * NGX_HTTP_OPSCOM_LINE);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_opscom_module);
    omcf = ngx_http_get_module_main_conf(r, ngx_http_opscom_module);

    print = olcf->prometheus ? ngx_http_opscom_text_status
                             : ngx_http_opscom_json_status;

    body.len = print(body.data, ngx_http_opscom_metrics(omcf)) - body.data;

    return ngx_http_opscom_answer_text(
        r, ctx, olcf->prometheus ? &text : &json, &body);
}


/* NGX_DECLINED: the row of another result that has the same name. */

static ngx_int_t
ngx_http_opscom_result_name(const ngx_http_opscom_endpoint_t *endpoint,
    ngx_uint_t result, ngx_str_t *name)
{
    ngx_uint_t before;

    if (result == NGX_HTTP_OPSCOM_RESULT_WRITTEN) {
        *name = endpoint->written;
        return NGX_OK;
    }

    if (result == NGX_HTTP_OPSCOM_RESULT_REPLAYED) {
        ngx_str_set(name, "replayed");
        return NGX_OK;
    }

    result -= NGX_HTTP_OPSCOM_RESULT_ERRORS;
    *name = ngx_http_opscom_errors[result].code;

    if (result == 0) {
        return NGX_OK;
    }

    /* errors of one name stand together in the table */

    before = result - 1;

    return ngx_http_opscom_errors[before].code.len == name->len
            && ngx_strncmp(ngx_http_opscom_errors[before].code.data,
                   name->data, name->len)
                == 0
        ? NGX_DECLINED
        : NGX_OK;
}


/* Together with the following rows of the same name. */

static ngx_uint_t
ngx_http_opscom_result_count(
    ngx_http_opscom_metrics_t *metrics, ngx_uint_t endpoint, ngx_uint_t result)
{
    ngx_str_t  name;
    ngx_uint_t count;

    count = metrics->requests[endpoint][result];

    while (++result < NGX_HTTP_OPSCOM_RESULTS
        && ngx_http_opscom_result_name(
               &ngx_http_opscom_endpoints[endpoint], result, &name)
            == NGX_DECLINED)
    {
        count += metrics->requests[endpoint][result];
    }

    return count;
}


/* Only what an attribute can be accused of is listed. */

static ngx_uint_t
ngx_http_opscom_code_is_possible(ngx_uint_t id, ngx_uint_t code)
{
    switch (code) {

    case PERMIT_GOOD:
        return 0;

    case PERMIT_OUT_OF_RANGE:
        return id == PERMIT_AMOUNT || id == PERMIT_START || id == PERMIT_END;

    case PERMIT_UNSUPPORTED:
        return id == PERMIT_CURRENCY;

    case PERMIT_END_NOT_AFTER_START:
        return id == PERMIT_END;

    case PERMIT_MISSING:
        return permit_schema_push.need[id] == PERMIT_REQUIRED
            || permit_schema_update.need[id] == PERMIT_REQUIRED;

    default:
        return 1;
    }
}


static void
ngx_http_opscom_store_state(
    ngx_http_opscom_metrics_t *metrics, ngx_http_opscom_store_state_t *state)
{
    ngx_uint_t                i;
    ngx_http_opscom_worker_t *worker;

    state->up = 1;
    state->inflight = 0;
    state->reconnects = metrics->reconnects;

    for (i = 0; i < NGX_HTTP_OPSCOM_WORKERS; i++) {
        worker = &metrics->workers[i];

        state->reconnects += worker->gauges.reconnects;

        if (worker->pid == 0
            || (kill((ngx_pid_t) worker->pid, 0) == -1 && ngx_errno == ESRCH))
        {
            continue;
        }

        state->inflight += worker->gauges.inflight;

        if (worker->gauges.down) {
            state->up = 0;
        }
    }
}


static u_char *
ngx_http_opscom_json_status(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    p = ngx_http_opscom_json_requests(p, metrics);
    p = ngx_http_opscom_json_attributes(p, metrics);

    return ngx_http_opscom_json_store(p, metrics);
}


static u_char *
ngx_http_opscom_json_requests(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    ngx_str_t  name;
    ngx_uint_t e, n;

    p = ngx_sprintf(p, "{\"requests\":");

    for (e = 0; e < NGX_HTTP_OPSCOM_ENDPOINTS; e++) {
        p = ngx_sprintf(
            p, "%c\"%V\":", e ? ',' : '{', &ngx_http_opscom_endpoints[e].name);

        for (n = 0; n < NGX_HTTP_OPSCOM_RESULTS; n++) {

            if (ngx_http_opscom_result_name(
                    &ngx_http_opscom_endpoints[e], n, &name)
                == NGX_OK)
            {
                p = ngx_sprintf(p, "%c\"%V\":%ui", n ? ',' : '{', &name,
                    ngx_http_opscom_result_count(metrics, e, n));
            }
        }

        *p++ = '}';
    }

    *p++ = '}';

    return p;
}


static u_char *
ngx_http_opscom_json_attributes(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    u_char     separator;
    ngx_uint_t id, code;

    p = ngx_sprintf(p, ",\"attribute_errors\":");

    for (id = PERMIT_TOKEN; id < PERMIT_ATTRIBUTES; id++) {
        p = ngx_sprintf(p, "%c\"%s\":", id == PERMIT_TOKEN ? '{' : ',',
            permit_attributes[id].canonical);
        separator = '{';

        for (code = 0; code < PERMIT_CODES; code++) {

            if (!ngx_http_opscom_code_is_possible(id, code)) {
                continue;
            }

            p = ngx_sprintf(p, "%c\"%s\":%uA", separator,
                permit_code_name(code), metrics->attributes[id][code]);
            separator = ',';
        }

        *p++ = '}';
    }

    *p++ = '}';

    return p;
}


static u_char *
ngx_http_opscom_json_store(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    ngx_uint_t                    i, count;
    ngx_http_opscom_store_state_t state;

    ngx_http_opscom_store_state(metrics, &state);

    p = ngx_sprintf(p,
        ",\"store\":{\"up\":%s,\"inflight\":%ui,"
        "\"reconnects\":%ui,\"duration\":{\"count\":%uA,"
        "\"sum\":%uA.%06uA,\"buckets\":",
        state.up ? "true" : "false", state.inflight, state.reconnects,
        metrics->durations, metrics->duration_sum / 1000000,
        metrics->duration_sum % 1000000);

    count = 0;

    for (i = 0; i < NGX_HTTP_OPSCOM_BUCKETS; i++) {
        count += metrics->buckets[i];

        p = ngx_sprintf(p, "%c\"%V\":%ui", i ? ',' : '{',
            &ngx_http_opscom_buckets[i].text, count);
    }

    return ngx_sprintf(p, "}}}}\n");
}


static u_char *
ngx_http_opscom_text_status(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    p = ngx_http_opscom_text_requests(p, metrics);
    p = ngx_http_opscom_text_attributes(p, metrics);

    return ngx_http_opscom_text_store(p, metrics);
}


static u_char *
ngx_http_opscom_text_requests(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    ngx_str_t  name;
    ngx_uint_t e, n;

    p = ngx_sprintf(p,
        "# HELP opscom_requests_total Requests by endpoint and"
        " result.\n"
        "# TYPE opscom_requests_total counter\n");

    for (e = 0; e < NGX_HTTP_OPSCOM_ENDPOINTS; e++) {

        for (n = 0; n < NGX_HTTP_OPSCOM_RESULTS; n++) {

            if (ngx_http_opscom_result_name(
                    &ngx_http_opscom_endpoints[e], n, &name)
                == NGX_OK)
            {
                p = ngx_sprintf(p,
                    "opscom_requests_total{endpoint=\"%V\","
                    "result=\"%V\"} %ui\n",
                    &ngx_http_opscom_endpoints[e].name, &name,
                    ngx_http_opscom_result_count(metrics, e, n));
            }
        }
    }

    return p;
}


static u_char *
ngx_http_opscom_text_attributes(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    ngx_uint_t id, code;

    p = ngx_sprintf(p,
        "# HELP opscom_attribute_errors_total Refused"
        " attributes by what was wrong.\n"
        "# TYPE opscom_attribute_errors_total counter\n");

    for (id = PERMIT_TOKEN; id < PERMIT_ATTRIBUTES; id++) {

        for (code = 0; code < PERMIT_CODES; code++) {

            if (ngx_http_opscom_code_is_possible(id, code)) {
                p = ngx_sprintf(p,
                    "opscom_attribute_errors_total{"
                    "attribute=\"%s\",code=\"%s\"} %uA\n",
                    permit_attributes[id].canonical, permit_code_name(code),
                    metrics->attributes[id][code]);
            }
        }
    }

    return p;
}


static u_char *
ngx_http_opscom_text_store(u_char *p, ngx_http_opscom_metrics_t *metrics)
{
    ngx_uint_t                    i, count;
    ngx_http_opscom_store_state_t state;

    ngx_http_opscom_store_state(metrics, &state);

    p = ngx_sprintf(p,
        "# HELP opscom_store_duration_seconds Round trips to"
        " Redis.\n"
        "# TYPE opscom_store_duration_seconds histogram\n");

    count = 0;

    for (i = 0; i < NGX_HTTP_OPSCOM_BUCKETS; i++) {
        count += metrics->buckets[i];

        p = ngx_sprintf(p,
            "opscom_store_duration_seconds_bucket{le=\"%V\"}"
            " %ui\n",
            &ngx_http_opscom_buckets[i].text, count);
    }

    p = ngx_sprintf(p,
        "opscom_store_duration_seconds_bucket{le=\"+Inf\"}"
        " %uA\n"
        "opscom_store_duration_seconds_sum %uA.%06uA\n"
        "opscom_store_duration_seconds_count %uA\n",
        metrics->durations, metrics->duration_sum / 1000000,
        metrics->duration_sum % 1000000, metrics->durations);

    p = ngx_sprintf(p,
        "# HELP opscom_store_up Whether Redis can be"
        " reached.\n"
        "# TYPE opscom_store_up gauge\n"
        "opscom_store_up %ui\n",
        state.up);

    p = ngx_sprintf(p,
        "# HELP opscom_store_inflight Commands that Redis has"
        " not answered yet.\n"
        "# TYPE opscom_store_inflight gauge\n"
        "opscom_store_inflight %ui\n",
        state.inflight);

    return ngx_sprintf(p,
        "# HELP opscom_store_reconnects_total Attempts to"
        " reach Redis again.\n"
        "# TYPE opscom_store_reconnects_total counter\n"
        "opscom_store_reconnects_total %ui\n",
        state.reconnects);
}
