
/* The setters of directives. */


#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_cors.h"
#include "ngx_http_opscom_directives.h"
#include "ngx_http_opscom_endpoint.h"
#include "ngx_http_opscom_health.h"
#include "ngx_http_opscom_status.h"


static char *ngx_http_opscom_directives_handle(ngx_conf_t *cf,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_handler_pt handler);
static char *ngx_http_opscom_directives_currencies_text(ngx_conf_t *cf,
    ngx_http_opscom_loc_conf_t *olcf);
static ngx_uint_t ngx_http_opscom_directives_is_off(ngx_conf_t *cf);


char *
ngx_http_opscom_directives_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t                         *value;
    ngx_http_opscom_loc_conf_t        *olcf;
    ngx_http_compile_complex_value_t   ccv;

    olcf = conf;

    if (olcf->handler == NULL && cf->args->nelts > 1) {
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

    olcf->endpoint = cmd->post;

    return ngx_http_opscom_directives_handle(cf, olcf,
                                             olcf->endpoint->handler);
}


char *
ngx_http_opscom_directives_health(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    return ngx_http_opscom_directives_handle(cf, conf,
                                             ngx_http_opscom_health_handler);
}


char *
ngx_http_opscom_directives_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_http_opscom_loc_conf_t  *olcf;

    static const char  *formats[NGX_HTTP_OPSCOM_STATUS_FORMATS] = {
        [NGX_HTTP_OPSCOM_STATUS_JSON] = "json",
        [NGX_HTTP_OPSCOM_STATUS_PROMETHEUS] = "prometheus",
        [NGX_HTTP_OPSCOM_STATUS_HTML] = "html",
    };

    olcf = conf;
    value = cf->args->elts;

    if (cf->args->nelts > 1) {

        for (i = NGX_HTTP_OPSCOM_STATUS_ANY + 1;
             i < NGX_HTTP_OPSCOM_STATUS_FORMATS
             && ngx_strcmp(value[1].data, formats[i]) != 0;
             i++)
        {
            /* void */
        }

        if (i == NGX_HTTP_OPSCOM_STATUS_FORMATS) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid format \"%V\", it must be \"json\","
                               " \"prometheus\" or \"html\"", &value[1]);
            return NGX_CONF_ERROR;
        }

        olcf->status_format = i;
    }

    return ngx_http_opscom_directives_handle(cf, olcf,
                                             ngx_http_opscom_status_handler);
}


static char *
ngx_http_opscom_directives_handle(ngx_conf_t *cf,
    ngx_http_opscom_loc_conf_t *olcf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (olcf->handler) {
        return "conflicts with another opscom handler in the same location";
    }

    olcf->handler = handler;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_directives_currencies(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    u_char                      *p;
    ngx_str_t                   *value;
    ngx_uint_t                   i, n;
    permit_text_t               *currency;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = conf;

    if (olcf->currencies != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    olcf->currencies = ngx_array_create(cf->pool, cf->args->nelts,
                                        sizeof(permit_text_t));
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
                               " letters, such as CAD", &value[i],
                               PERMIT_MAX_CURRENCY);
            return NGX_CONF_ERROR;
        }

        currency = ngx_array_push(olcf->currencies);
        if (currency == NULL) {
            return NGX_CONF_ERROR;
        }

        currency->data = (char *) value[i].data;
        currency->len = value[i].len;
    }

    return ngx_http_opscom_directives_currencies_text(cf, olcf);
}


/* "one of CAD, USD": what an error message says is accepted. */

static char *
ngx_http_opscom_directives_currencies_text(ngx_conf_t *cf,
    ngx_http_opscom_loc_conf_t *olcf)
{
    size_t          len;
    u_char         *p;
    ngx_uint_t      i;
    permit_text_t  *currency;

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
        p = ngx_sprintf(p, "%s%*s", i ? ", " : "", currency[i].len,
                        currency[i].data);
    }

    *p = '\0';

    return NGX_CONF_OK;
}


char *
ngx_http_opscom_directives_cors_origin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t                   *value, *origin;
    ngx_uint_t                   i;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = conf;

    if (olcf->cors_origins != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        olcf->cors_origins = NULL;
        return NGX_CONF_OK;
    }

    olcf->cors_origins = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                          sizeof(ngx_str_t));
    if (olcf->cors_origins == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "*") == 0) {

            if (cf->args->nelts > 2) {
                return "accepts either \"*\" or a list of origins";
            }

        } else if (!ngx_http_opscom_cors_is_origin(&value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\", it must be \"*\" or"
                               " scheme://host[:port] in lower case, without"
                               " a path", &value[i]);
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
ngx_http_opscom_directives_prefix(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    u_char                       c;
    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_http_opscom_loc_conf_t  *olcf;

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
                               " ASCII without braces", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    olcf->prefix = value[1];

    return NGX_CONF_OK;
}


/* nginx's own messages do not say which values are accepted. */

char *
ngx_http_opscom_directives_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char                           *rc;
    ngx_int_t                      *slot;
    ngx_str_t                      *value;
    ngx_command_t                   plain;
    const ngx_http_opscom_value_t  *descriptor;

    descriptor = cmd->post;
    value = cf->args->elts;

    /* all of the slots are as wide as ngx_int_t, and unset is -1 */

    slot = (ngx_int_t *) ((char *) conf + cmd->offset);

    if (descriptor->or_off && *slot == NGX_CONF_UNSET
        && ngx_http_opscom_directives_is_off(cf))
    {
        *slot = 0;
        return NGX_CONF_OK;
    }

    plain = *cmd;
    plain.post = NULL;

    rc = descriptor->set(cf, &plain, conf);

    if (rc == NGX_CONF_OK && *slot == 0 && descriptor->if_zero) {
        return (char *) descriptor->if_zero;
    }

    if (rc == NGX_CONF_OK && descriptor->most
        && (uint64_t) *slot > descriptor->most)
    {
        rc = "invalid value";
    }

    if (rc == NGX_CONF_OK || rc == NGX_CONF_ERROR
        || ngx_strncmp(rc, "invalid", 7) != 0)
    {
        return rc;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\", it must be %s",
                       &value[1], &value[0], descriptor->accepted);

    return NGX_CONF_ERROR;
}


static ngx_uint_t
ngx_http_opscom_directives_is_off(ngx_conf_t *cf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    return ngx_strcmp(value[1].data, "off") == 0;
}


char *
ngx_http_opscom_directives_stream_fields(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t                   *value;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = conf;
    value = cf->args->elts;

    if (olcf->stream_minimal != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    olcf->stream_minimal = ngx_strcmp(value[1].data, "minimal") == 0;

    if (olcf->stream_minimal || ngx_strcmp(value[1].data, "full") == 0) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\", it must be \"full\""
                       " or \"minimal\"", &value[1], &cmd->name);

    return NGX_CONF_ERROR;
}
