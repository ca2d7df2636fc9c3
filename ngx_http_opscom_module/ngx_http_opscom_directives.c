
#include "ngx_http_opscom_directives.h"
#include "ngx_http_opscom_request.h"
#include "ngx_http_opscom_status.h"
#include "store/ngx_opscom_address.h"


static char     *ngx_http_opscom_handle(ngx_conf_t *cf,
        ngx_http_opscom_loc_conf_t *olcf, ngx_http_handler_pt handler);
static char     *ngx_http_opscom_endpoint(ngx_conf_t *cf,
        ngx_http_opscom_loc_conf_t *olcf, ngx_http_opscom_endpoint_id_t id);
static ngx_int_t ngx_http_opscom_is_off(ngx_conf_t *cf);
static char *ngx_http_opscom_judge_value(ngx_conf_t *cf, char *rc, char *form);
static char *ngx_http_opscom_currencies_text(
    ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *olcf);


char *
ngx_http_opscom_push(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_opscom_endpoint(cf, conf, NGX_HTTP_OPSCOM_PUSH);
}


char *
ngx_http_opscom_update(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_opscom_endpoint(cf, conf, NGX_HTTP_OPSCOM_UPDATE);
}


char *
ngx_http_opscom_delete(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_opscom_endpoint(cf, conf, NGX_HTTP_OPSCOM_DELETE);
}


char *
ngx_http_opscom_health(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_opscom_handle(cf, conf, ngx_http_opscom_health_handler);
}


char *
ngx_http_opscom_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = conf;
    value = cf->args->elts;

    if (cf->args->nelts > 1) {

        if (ngx_strcmp(value[1].data, "prometheus") == 0) {
            olcf->prometheus = 1;

        } else if (ngx_strcmp(value[1].data, "json") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "invalid format \"%V\", it must be \"json\" or"
                " \"prometheus\"",
                &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_opscom_handle(cf, olcf, ngx_http_opscom_status_handler);
}


static char *
ngx_http_opscom_endpoint(ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *olcf,
    ngx_http_opscom_endpoint_id_t id)
{
    ngx_str_t                       *value;
    ngx_http_compile_complex_value_t ccv;

    if (cf->args->nelts > 1) {
        value = cf->args->elts;

        olcf->client = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
        if (olcf->client == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &value[1];
        ccv.complex_value = olcf->client;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    olcf->endpoint = &ngx_http_opscom_endpoints[id];

    return ngx_http_opscom_handle(cf, olcf, ngx_http_opscom_handler);
}


static char *
ngx_http_opscom_handle(ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *olcf,
    ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t *clcf;

    if (olcf->handler) {
        return "meets another handler of opscom in the same location";
    }

    olcf->handler = handler;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                       *wrong;
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_opscom_url_t            url;
    ngx_opscom_address_t       *address;
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = conf;

    if (olcf->redis != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    olcf->redis = ngx_array_create(
        cf->pool, cf->args->nelts - 1, sizeof(ngx_opscom_address_t));
    if (olcf->redis == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        wrong = ngx_opscom_address_parse(cf->pool, &value[i], &url);

        if (wrong) {

            /* the value may have a password in it */

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "%s in address %ui of \"opscom_redis\","
                " it must be host:port, unix:/path,"
                " redis://[user[:password]@]host[:port][/db]"
                " or rediss://...",
                wrong, i);
            return NGX_CONF_ERROR;
        }

        address = ngx_array_push(olcf->redis);
        if (address == NULL) {
            return NGX_CONF_ERROR;
        }

        *address = url.address;

        if (url.username.len) {
            olcf->url_username = url.username;
        }

        if (url.password.len) {
            olcf->url_password = url.password;
        }

        if (url.database != NGX_CONF_UNSET) {
            olcf->url_database = url.database;
        }

        if (url.tls) {
            olcf->url_tls = 1;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_currencies(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                     *p;
    ngx_str_t                  *value;
    ngx_uint_t                  i, n;
    permit_text_t              *currency;
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = conf;

    if (olcf->currencies != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    olcf->currencies = ngx_array_create(
        cf->pool, cf->args->nelts, sizeof(permit_text_t));
    if (olcf->currencies == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        for (n = 0; n < value[i].len; n++) {
            p = &value[i].data[n];
            *p = ngx_toupper(*p);

            if (*p < 'A' || *p > 'Z') {
                break;
            }
        }

        if (n == 0 || n < value[i].len || n > PERMIT_MAX_CURRENCY) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "invalid currency \"%V\", it must be 1 to %d"
                " letters, such as CAD",
                &value[i], PERMIT_MAX_CURRENCY);
            return NGX_CONF_ERROR;
        }

        currency = ngx_array_push(olcf->currencies);
        if (currency == NULL) {
            return NGX_CONF_ERROR;
        }

        currency->data = (char *) value[i].data;
        currency->len = value[i].len;
    }

    return ngx_http_opscom_currencies_text(cf, olcf);
}


/* "one of CAD, USD": what an error message says is accepted. */

static char *
ngx_http_opscom_currencies_text(
    ngx_conf_t *cf, ngx_http_opscom_loc_conf_t *olcf)
{
    size_t         len;
    u_char        *p;
    ngx_uint_t     i;
    permit_text_t *currency;

    currency = olcf->currencies->elts;
    len = sizeof("one of ");

    for (i = 0; i < olcf->currencies->nelts; i++) {
        len += currency[i].len + sizeof(", ") - 1;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    olcf->rules.currencies_text = (char *) p;

    p = ngx_sprintf(p, "one of ");

    for (i = 0; i < olcf->currencies->nelts; i++) {
        p = ngx_sprintf(
            p, "%s%*s", i ? ", " : "", currency[i].len, currency[i].data);
    }

    *p = '\0';

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_cors_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value, *origin;
    ngx_uint_t                  i;
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = conf;

    if (olcf->cors_origins != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        olcf->cors_origins = NULL;
        return NGX_CONF_OK;
    }

    olcf->cors_origins = ngx_array_create(
        cf->pool, cf->args->nelts - 1, sizeof(ngx_str_t));
    if (olcf->cors_origins == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "*") == 0) {

            if (cf->args->nelts > 2) {
                return "takes either \"*\" or origins";
            }

        } else if (ngx_strstr(value[i].data, "://") == NULL
            || value[i].data[value[i].len - 1] == '/')
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "invalid origin \"%V\", it must be \"*\" or"
                " scheme://host[:port] without a path",
                &value[i]);
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(olcf->cors_origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_wait_replicas(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t                   n, time;
    ngx_str_t                  *value;
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = conf;

    if (olcf->replicas != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "off") == 0) {
            olcf->replicas = 0;
            olcf->replicas_time = 0;
            return NGX_CONF_OK;
        }

        return "takes a number of replicas and a time, or \"off\"";
    }

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "invalid number of replicas \"%V\", it must be at"
            " least 1",
            &value[1]);
        return NGX_CONF_ERROR;
    }

    time = ngx_parse_time(&value[2], 0);

    if (time == NGX_ERROR || time == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "invalid time \"%V\", it must be positive, such as"
            " 500ms",
            &value[2]);
        return NGX_CONF_ERROR;
    }

    olcf->replicas = n;
    olcf->replicas_time = time;

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_prefix(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                      c;
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_http_opscom_loc_conf_t *olcf;

    olcf = conf;

    if (olcf->prefix.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "must not be empty";
    }

    /* braces would become the hash tag instead of the client's */

    for (i = 0; i < value[1].len; i++) {
        c = value[1].data[i];

        if (c == '{' || c == '}' || c <= ' ' || c >= 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "invalid prefix \"%V\", it must be visible"
                " ASCII without braces",
                &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    olcf->prefix = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_positive(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *n;

    n = data;

    return *n > 0 ? NGX_CONF_OK : "must be at least 1";
}


char *
ngx_http_opscom_positive_time(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *time;

    time = data;

    return *time > 0 ? NGX_CONF_OK : "must be positive";
}


char *
ngx_http_opscom_number(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_opscom_judge_value(
        cf, ngx_conf_set_num_slot(cf, cmd, conf), "a number");
}


char *
ngx_http_opscom_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_opscom_judge_value(cf,
        ngx_conf_set_msec_slot(cf, cmd, conf),
        "a time, such as 500ms, 2s or 24h");
}


char *
ngx_http_opscom_size(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_opscom_judge_value(cf,
        ngx_conf_set_size_slot(cf, cmd, conf),
        "a size in bytes, such as 16k or 1m");
}


char *
ngx_http_opscom_msec_or_off(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_msec_t *slot;

    slot = (ngx_msec_t *) ((char *) conf + cmd->offset);

    if (*slot == NGX_CONF_UNSET_MSEC && ngx_http_opscom_is_off(cf)) {
        *slot = 0;
        return NGX_CONF_OK;
    }

    return ngx_http_opscom_judge_value(cf,
        ngx_conf_set_msec_slot(cf, cmd, conf),
        "a time, such as 10m, or \"off\"");
}


char *
ngx_http_opscom_sec_or_off(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    time_t *slot;

    slot = (time_t *) ((char *) conf + cmd->offset);

    if (*slot == NGX_CONF_UNSET && ngx_http_opscom_is_off(cf)) {
        *slot = 0;
        return NGX_CONF_OK;
    }

    return ngx_http_opscom_judge_value(cf,
        ngx_conf_set_sec_slot(cf, cmd, conf),
        "a time, such as 90d, or \"off\"");
}


char *
ngx_http_opscom_number_or_off(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t *slot;

    slot = (ngx_int_t *) ((char *) conf + cmd->offset);

    if (*slot == NGX_CONF_UNSET && ngx_http_opscom_is_off(cf)) {
        *slot = 0;
        return NGX_CONF_OK;
    }

    return ngx_http_opscom_judge_value(
        cf, ngx_conf_set_num_slot(cf, cmd, conf), "a number, or \"off\"");
}


static ngx_int_t
ngx_http_opscom_is_off(ngx_conf_t *cf)
{
    ngx_str_t *value;

    value = cf->args->elts;

    return ngx_strcmp(value[1].data, "off") == 0;
}


/* nginx's own words for a wrong value do not say what would be right. */

static char *
ngx_http_opscom_judge_value(ngx_conf_t *cf, char *rc, char *form)
{
    ngx_str_t *value;

    if (rc == NGX_CONF_OK || rc == NGX_CONF_ERROR
        || ngx_strncmp(rc, "invalid", 7) != 0)
    {
        return rc;
    }

    value = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
        "invalid value \"%V\" of \"%V\", it must be %s", &value[1], &value[0],
        form);

    return NGX_CONF_ERROR;
}
