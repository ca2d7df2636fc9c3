
/* The setters of directives about Redis that take more than a value. */


#include "store/ngx_opscom_address.h"
#include "store/ngx_opscom_text.h"

#include "ngx_http_opscom_conf.h"
#include "ngx_http_opscom_redis.h"


#define NGX_HTTP_OPSCOM_MAX_PASSWORD 1024

/* Milliseconds: longer is a mistake, and no timer of nginx. */

#define NGX_HTTP_OPSCOM_MAX_WAIT 86400000
#define NGX_HTTP_OPSCOM_MAX_REPLICAS 65535


static char *ngx_http_opscom_redis_address(ngx_conf_t *cf,
    ngx_array_t *addresses, ngx_opscom_url_t *said, ngx_uint_t i);
static char *ngx_http_opscom_redis_said(ngx_conf_t *cf,
    ngx_opscom_settings_t *urls, ngx_opscom_url_t *said);
static ngx_uint_t ngx_http_opscom_redis_differs(ngx_opscom_url_t *said,
    ngx_opscom_url_t *url);
static ngx_uint_t ngx_http_opscom_redis_is_other_number(ngx_int_t said,
    ngx_int_t number);
static ngx_uint_t ngx_http_opscom_redis_is_other(ngx_str_t *said,
    ngx_str_t *text);
static char *ngx_http_opscom_redis_read(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *password);


char *
ngx_http_opscom_redis_addresses(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_uint_t                     i;
    ngx_array_t                   *addresses;
    ngx_opscom_url_t               said;
    ngx_http_opscom_loc_conf_t    *olcf;
    ngx_http_opscom_store_conf_t  *redis;

    olcf = conf;
    redis = &olcf->redis;

    if (redis->settings.addresses != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    addresses = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                 sizeof(ngx_opscom_address_t));
    if (addresses == NULL) {
        return NGX_CONF_ERROR;
    }

    redis->settings.addresses = addresses;

    ngx_memzero(&said, sizeof(ngx_opscom_url_t));
    said.database = NGX_CONF_UNSET;
    said.tls = NGX_CONF_UNSET;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_opscom_redis_address(cf, addresses, &said, i)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_opscom_redis_said(cf, &redis->urls, &said);
}


/* Adds the address; what its URL says besides is added to what was said. */

static char *
ngx_http_opscom_redis_address(ngx_conf_t *cf, ngx_array_t *addresses,
    ngx_opscom_url_t *said, ngx_uint_t i)
{
    char                  *err;
    ngx_str_t             *value;
    ngx_opscom_url_t       url;
    ngx_opscom_address_t  *address;

    value = cf->args->elts;

    err = ngx_opscom_address_parse(cf->pool, &value[i], &url);

    if (err) {

        /* the value may have a password in it */

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in address %ui of \"opscom_redis\","
                           " it must be host:port, unix:/path,"
                           " redis://[user[:password]@]host[:port][/db]"
                           " or rediss://...", err, i);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_opscom_redis_differs(said, &url)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "address %ui of \"opscom_redis\" has another user,"
                           " password, database or scheme than one before,"
                           " they are the same for all addresses", i);
        return NGX_CONF_ERROR;
    }

    address = ngx_array_push(addresses);
    if (address == NULL) {
        return NGX_CONF_ERROR;
    }

    *address = url.address;

    if (url.username.len) {
        said->username = url.username;
    }

    if (url.password.len) {
        said->password = url.password;
    }

    ngx_conf_merge_value(said->database, url.database, NGX_CONF_UNSET);
    ngx_conf_merge_value(said->tls, url.tls, NGX_CONF_UNSET);

    return NGX_CONF_OK;
}


/* redis:// does not turn off TLS that a directive has turned on. */

static char *
ngx_http_opscom_redis_said(ngx_conf_t *cf, ngx_opscom_settings_t *urls,
    ngx_opscom_url_t *said)
{
    urls->username = said->username;
    urls->password = said->password;
    urls->database = said->database;

    if (said->tls == 1) {
#if (NGX_SSL)
        urls->tls = 1;
#else
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"rediss://\" requires nginx built with SSL"
                           " support");
        return NGX_CONF_ERROR;
#endif
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_opscom_redis_differs(ngx_opscom_url_t *said, ngx_opscom_url_t *url)
{
    return ngx_http_opscom_redis_is_other(&said->username, &url->username)
           || ngx_http_opscom_redis_is_other(&said->password, &url->password)
           || ngx_http_opscom_redis_is_other_number(said->database,
                                                    url->database)
           || ngx_http_opscom_redis_is_other_number(said->tls, url->tls);
}


static ngx_uint_t
ngx_http_opscom_redis_is_other_number(ngx_int_t said, ngx_int_t number)
{
    return said != NGX_CONF_UNSET && number != NGX_CONF_UNSET
           && said != number;
}


static ngx_uint_t
ngx_http_opscom_redis_is_other(ngx_str_t *said, ngx_str_t *text)
{
    return said->len && text->len && !ngx_opscom_text_equal(said, text);
}


char *
ngx_http_opscom_redis_password_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t                   *value, file;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = conf;
    value = cf->args->elts;

    if (olcf->redis.settings.password.data) {
        return "is duplicate";
    }

    file = value[1];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_opscom_redis_read(cf, &file,
                                      &olcf->redis.settings.password);
}


/* The first line of the file. */

static char *
ngx_http_opscom_redis_read(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *password)
{
    u_char    *p;
    ssize_t    n;
    ngx_fd_t   fd;
    u_char     text[NGX_HTTP_OPSCOM_MAX_PASSWORD];

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", file);
        return NGX_CONF_ERROR;
    }

    n = ngx_read_fd(fd, text, sizeof(text));

    if (n < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", file);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    if (n < 0) {
        return NGX_CONF_ERROR;
    }

    for (p = text; p < text + n && *p != LF && *p != CR; p++) {
        /* void */
    }

    if (p == text || p == text + sizeof(text)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the first line of \"%V\" is not a password",
                           file);
        return NGX_CONF_ERROR;
    }

    password->len = p - text;
    password->data = ngx_pnalloc(cf->pool, password->len);

    if (password->data) {
        ngx_memcpy(password->data, text, password->len);
    }

    ngx_explicit_memzero(text, sizeof(text));

    return password->data ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_opscom_redis_wait_replicas(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_int_t                    n, time;
    ngx_str_t                   *value;
    ngx_opscom_settings_t       *settings;
    ngx_http_opscom_loc_conf_t  *olcf;

    olcf = conf;
    settings = &olcf->redis.settings;
    value = cf->args->elts;

    if (settings->replicas != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "off") != 0) {
            return "requires a number of replicas and a time, or \"off\"";
        }

        settings->replicas = 0;
        settings->replicas_time = 0;

        return NGX_CONF_OK;
    }

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n == 0 || n > NGX_HTTP_OPSCOM_MAX_REPLICAS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of replicas \"%V\", it must be at"
                           " least 1 and at most %d", &value[1],
                           NGX_HTTP_OPSCOM_MAX_REPLICAS);
        return NGX_CONF_ERROR;
    }

    time = ngx_parse_time(&value[2], 0);

    if (time == NGX_ERROR || time == 0 || time > NGX_HTTP_OPSCOM_MAX_WAIT) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\", it must be positive, such as"
                           " 500ms, and at most 24h", &value[2]);
        return NGX_CONF_ERROR;
    }

    settings->replicas = n;
    settings->replicas_time = time;

    return NGX_CONF_OK;
}
