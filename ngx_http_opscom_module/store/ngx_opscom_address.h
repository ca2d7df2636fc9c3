
/* Addresses of Redis servers, as operators write and as Redis names them. */


#ifndef NGX_OPSCOM_ADDRESS_H_INCLUDED
#define NGX_OPSCOM_ADDRESS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_OPSCOM_ADDRESS_HOST 255 /* bytes of a host name, at most */


/* Where a Redis server is. */

typedef struct {
    ngx_str_t         text; /* host:port or unix:/path, for the log */
    ngx_str_t         host; /* to be resolved where sockaddr is NULL */
    in_port_t         port;
    struct sockaddr  *sockaddr;
    socklen_t         socklen;
} ngx_opscom_address_t;


/* What a URL may contain besides the address. */

typedef struct {
    ngx_opscom_address_t  address;
    ngx_str_t             username;
    ngx_str_t             password;
    ngx_int_t             database; /* NGX_CONF_UNSET: not given */
    ngx_flag_t            tls;      /* NGX_CONF_UNSET: not a URL */
} ngx_opscom_url_t;


/* An address that Redis named, with the memory that it needs. */

typedef struct {
    ngx_opscom_address_t  address;
    ngx_sockaddr_t        sockaddr;
    u_char                text[NGX_OPSCOM_ADDRESS_HOST + sizeof(":65535")];
} ngx_opscom_named_address_t;


/*
 * Reads host:port, unix:/path, redis://[user[:password]@]host[:port][/db] or
 * rediss://...; a missing port is 6379.  Names are not resolved here.  Returns
 * NULL, or what is wrong: never with a password in it.
 */
char *ngx_opscom_address_parse(ngx_pool_t *pool, ngx_str_t *text,
    ngx_opscom_url_t *url);

/*
 * Resolves a name, blocking: for the start.  Adds to an array of
 * ngx_opscom_address_t what was asked for, once with each address of the name.
 * NULL, or what is wrong.
 */
char *ngx_opscom_address_resolve(ngx_pool_t *pool,
    ngx_opscom_address_t *address, ngx_array_t *found);

/*
 * Makes an address of a host and a port that came from Redis: of an IP address,
 * or of a name that is resolved when it is connected to.  NGX_ERROR: the host
 * is empty, too long or not printable, or the port is invalid.
 */
ngx_int_t ngx_opscom_address_name(ngx_opscom_named_address_t *named,
    ngx_str_t *host, ngx_int_t port);

/*
 * Whether a host is an IP address and not a name.  The address without brackets
 * and with a zero byte at its end goes to ip, which has room for
 * NGX_OPSCOM_ADDRESS_HOST + 1 bytes.
 */
ngx_int_t ngx_opscom_address_is_ip(ngx_str_t *host, u_char *ip);


#endif /* NGX_OPSCOM_ADDRESS_H_INCLUDED */
