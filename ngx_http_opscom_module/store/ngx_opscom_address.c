
/* Addresses of Redis servers, as operators write and as Redis names them. */


#include "ngx_opscom_address.h"
#include "ngx_opscom_text.h"

#include <arpa/inet.h>


#define NGX_OPSCOM_ADDRESS_PORT 6379


static char *ngx_opscom_address_url(ngx_pool_t *pool, ngx_str_t *text,
    ngx_opscom_url_t *url);
static char *ngx_opscom_address_user(ngx_pool_t *pool, ngx_str_t *userinfo,
    ngx_opscom_url_t *url);
static ngx_int_t ngx_opscom_address_decode(ngx_pool_t *pool, ngx_str_t *text);
static char *ngx_opscom_address_server(ngx_pool_t *pool, ngx_str_t *text,
    ngx_opscom_address_t *address);
static ngx_int_t ngx_opscom_address_is_printable(ngx_str_t *host);
static void ngx_opscom_address_ip(ngx_opscom_named_address_t *named,
    u_char *ip);


char *
ngx_opscom_address_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_opscom_url_t *url)
{
    ngx_str_t         rest;
    static ngx_str_t  plain = ngx_string("redis://");
    static ngx_str_t  secure = ngx_string("rediss://");

    ngx_memzero(url, sizeof(ngx_opscom_url_t));
    url->database = NGX_CONF_UNSET;
    url->tls = NGX_CONF_UNSET;

    if (ngx_opscom_text_starts_with(text, &secure)) {
        url->tls = 1;
        rest.data = text->data + secure.len;
        rest.len = text->len - secure.len;

        return ngx_opscom_address_url(pool, &rest, url);
    }

    if (ngx_opscom_text_starts_with(text, &plain)) {
        url->tls = 0;
        rest.data = text->data + plain.len;
        rest.len = text->len - plain.len;

        return ngx_opscom_address_url(pool, &rest, url);
    }

    return ngx_opscom_address_server(pool, text, &url->address);
}


/* [user[:password]@]host[:port][/db] */

static char *
ngx_opscom_address_url(ngx_pool_t *pool, ngx_str_t *text,
    ngx_opscom_url_t *url)
{
    char      *wrong;
    u_char    *p, *last, *at, *slash;
    ngx_str_t  part;

    p = text->data;
    last = text->data + text->len;

    /* an "@" of the password itself would be %40 */

    at = ngx_strlchr(p, last, '@');

    if (at) {
        part.data = p;
        part.len = at - p;

        wrong = ngx_opscom_address_user(pool, &part, url);
        if (wrong) {
            return wrong;
        }

        p = at + 1;
    }

    slash = ngx_strlchr(p, last, '/');

    if (slash) {

        if (slash + 1 < last) {
            url->database = ngx_atoi(slash + 1, last - slash - 1);

            if (url->database == NGX_ERROR
                || url->database > NGX_MAX_INT32_VALUE)
            {
                return "invalid database number";
            }
        }

        last = slash;
    }

    part.data = p;
    part.len = last - p;

    return ngx_opscom_address_server(pool, &part, &url->address);
}


static char *
ngx_opscom_address_user(ngx_pool_t *pool, ngx_str_t *userinfo,
    ngx_opscom_url_t *url)
{
    u_char  *colon;

    colon = ngx_strlchr(userinfo->data, userinfo->data + userinfo->len, ':');

    url->username = *userinfo;

    if (colon) {
        url->username.len = colon - userinfo->data;
        url->password.data = colon + 1;
        url->password.len = userinfo->len - url->username.len - 1;
    }

    if (ngx_opscom_address_decode(pool, &url->username) != NGX_OK
        || ngx_opscom_address_decode(pool, &url->password) != NGX_OK)
    {
        return "no memory";
    }

    return NULL;
}


static ngx_int_t
ngx_opscom_address_decode(ngx_pool_t *pool, ngx_str_t *text)
{
    u_char  *src, *dst, *start;

    if (text->len == 0) {
        return NGX_OK;
    }

    start = ngx_pnalloc(pool, text->len);
    if (start == NULL) {
        return NGX_ERROR;
    }

    src = text->data;
    dst = start;

    ngx_unescape_uri(&dst, &src, text->len, 0);

    text->data = start;
    text->len = dst - start;

    return NGX_OK;
}


static char *
ngx_opscom_address_server(ngx_pool_t *pool, ngx_str_t *text,
    ngx_opscom_address_t *address)
{
    ngx_url_t  u;

    if (text->len == 0) {
        return "no host";
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *text;
    u.default_port = NGX_OPSCOM_ADDRESS_PORT;
    u.no_resolve = 1;

    if (ngx_parse_url(pool, &u) != NGX_OK) {
        return u.err ? u.err : "no memory";
    }

    address->text = *text;
    address->host = u.host;
    address->port = u.port;

    if (u.naddrs) {
        address->sockaddr = u.addrs[0].sockaddr;
        address->socklen = u.addrs[0].socklen;
    }

    return NULL;
}


char *
ngx_opscom_address_resolve(ngx_pool_t *pool, ngx_opscom_address_t *address,
    ngx_array_t *found)
{
    ngx_url_t              u;
    ngx_uint_t             i;
    ngx_opscom_address_t  *one;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = address->text;
    u.default_port = NGX_OPSCOM_ADDRESS_PORT;

    if (ngx_parse_url(pool, &u) != NGX_OK) {
        return u.err ? u.err : "no memory";
    }

    for (i = 0; i < u.naddrs; i++) {
        one = ngx_array_push(found);
        if (one == NULL) {
            return "no memory";
        }

        *one = *address;
        one->sockaddr = u.addrs[i].sockaddr;
        one->socklen = u.addrs[i].socklen;
    }

    return NULL;
}


ngx_int_t
ngx_opscom_address_name(ngx_opscom_named_address_t *named, ngx_str_t *host,
    ngx_int_t port)
{
    u_char                 ip[NGX_OPSCOM_ADDRESS_HOST + 1];
    ngx_opscom_address_t  *address;

    if (host->len == 0 || host->len > NGX_OPSCOM_ADDRESS_HOST
        || !ngx_opscom_address_is_printable(host) || port < 1 || port > 65535)
    {
        return NGX_ERROR;
    }

    ngx_memzero(named, sizeof(ngx_opscom_named_address_t));

    address = &named->address;

    address->text.data = named->text;
    address->text.len = ngx_sprintf(named->text, "%V:%i", host, port)
                        - named->text;

    address->host.data = named->text;
    address->host.len = host->len;
    address->port = (in_port_t) port;

    if (ngx_opscom_address_is_ip(host, ip)) {
        ngx_opscom_address_ip(named, ip);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_opscom_address_is_printable(ngx_str_t *host)
{
    size_t  i;

    for (i = 0; i < host->len; i++) {

        if (host->data[i] <= ' ' || host->data[i] > '~') {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_opscom_address_is_ip(ngx_str_t *host, u_char *ip)
{
    size_t           len;
    u_char          *data;
    struct in_addr   in;
    struct in6_addr  in6;

    len = host->len;
    data = host->data;

    if (len == 0 || len > NGX_OPSCOM_ADDRESS_HOST) {
        return 0;
    }

    if (len > 2 && data[0] == '[' && data[len - 1] == ']') {
        data++;
        len -= 2;
    }

    (void) ngx_cpystrn(ip, data, len + 1);

    return inet_pton(AF_INET, (char *) ip, &in) == 1
           || inet_pton(AF_INET6, (char *) ip, &in6) == 1;
}


static void
ngx_opscom_address_ip(ngx_opscom_named_address_t *named, u_char *ip)
{
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    sin = &named->sockaddr.sockaddr_in;
    named->address.sockaddr = &named->sockaddr.sockaddr;

    if (inet_pton(AF_INET, (char *) ip, &sin->sin_addr) == 1) {
        sin->sin_family = AF_INET;
        named->address.socklen = sizeof(struct sockaddr_in);

    } else {
        sin6 = (struct sockaddr_in6 *) (void *) &named->sockaddr;
        (void) inet_pton(AF_INET6, (char *) ip, &sin6->sin6_addr);
        sin6->sin6_family = AF_INET6;
        named->address.socklen = sizeof(struct sockaddr_in6);
    }

    ngx_inet_set_port(named->address.sockaddr, named->address.port);
}
