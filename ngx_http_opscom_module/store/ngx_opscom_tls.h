
/* TLS to Redis: names that are sent and certificates that are checked. */


#ifndef NGX_OPSCOM_TLS_H_INCLUDED
#define NGX_OPSCOM_TLS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#if (NGX_SSL)

/*
 * Prepares a connection for a handshake as client with a server of that name or
 * IP address; a name is sent as SNI (RFC 6066).  NGX_ERROR when OpenSSL fails
 * or there is no memory.
 */
ngx_int_t ngx_opscom_tls_prepare(ngx_connection_t *c, ngx_ssl_t *ssl,
    ngx_str_t *server);

/*
 * What is wrong with the certificate of the server with that name or IP
 * address, after the handshake; NULL when it is right.
 */
char *ngx_opscom_tls_verify(ngx_connection_t *c, ngx_str_t *server);

/* The two below work for connections without TLS as well. */

/*
 * As c->send(), but what is not reported as sent does not arrive.  *record is
 * kept from call to call, 0 at first: so many bytes were begun when the last
 * call returned NGX_AGAIN; they must be passed again, at the beginning of data.
 */
ssize_t ngx_opscom_tls_send(ngx_connection_t *c, u_char *data, size_t len,
    size_t *record);

/* Closes without notifying the peer. */
void ngx_opscom_tls_close(ngx_connection_t *c);

#else

#define ngx_opscom_tls_send(c, data, len, record)  (c)->send(c, data, len)
#define ngx_opscom_tls_close(c)

#endif


#endif /* NGX_OPSCOM_TLS_H_INCLUDED */
