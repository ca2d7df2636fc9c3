
/* TLS to Redis: names that are sent and certificates that are checked. */


#include "ngx_opscom_address.h"
#include "ngx_opscom_tls.h"


#if (NGX_SSL)

#include <openssl/x509v3.h>


#define NGX_OPSCOM_TLS_RECORD  16384 /* at most: RFC 8446, 5.1 */


ngx_int_t
ngx_opscom_tls_prepare(ngx_connection_t *c, ngx_ssl_t *ssl, ngx_str_t *server)
{
    u_char  name[NGX_OPSCOM_ADDRESS_HOST + 1];

    if (ngx_ssl_create_connection(ssl, c, NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* what waits to be sent is moved when more comes behind it */

    (void) SSL_set_mode(c->ssl->connection,
                        SSL_MODE_ENABLE_PARTIAL_WRITE
                        |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    /* RFC 6066, section 3: no literal addresses */

    if (server->len == 0 || server->len > NGX_OPSCOM_ADDRESS_HOST
        || ngx_opscom_address_is_ip(server, name))
    {
        return NGX_OK;
    }

    (void) ngx_cpystrn(name, server->data, server->len + 1);

    return SSL_set_tlsext_host_name(c->ssl->connection, (char *) name)
           ? NGX_OK : NGX_ERROR;
}


char *
ngx_opscom_tls_verify(ngx_connection_t *c, ngx_str_t *server)
{
    int     fits;
    long    rc;
    X509   *certificate;
    u_char  ip[NGX_OPSCOM_ADDRESS_HOST + 1];

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        return (char *) X509_verify_cert_error_string(rc);
    }

    certificate = SSL_get_peer_certificate(c->ssl->connection);

    if (certificate == NULL) {
        return "server sent no certificate";
    }

    if (ngx_opscom_address_is_ip(server, ip)) {
        fits = X509_check_ip_asc(certificate, (char *) ip, 0) == 1;

    } else {
        fits = server->len && ngx_ssl_check_host(c, server) == NGX_OK;
    }

    X509_free(certificate);

    return fits ? NULL : "server certificate does not match its name";
}


/*
 * When SSL_write() has sent a record that was pending, and the next one is
 * pending then, it says nothing of the first: it is given one at a time.
 */

ssize_t
ngx_opscom_tls_send(ngx_connection_t *c, u_char *data, size_t len,
    size_t *record)
{
    ssize_t  n;

    if (c->ssl == NULL) {
        return c->send(c, data, len);
    }

    len = *record ? *record : ngx_min(len, NGX_OPSCOM_TLS_RECORD);

    n = c->send(c, data, len);

    *record = (n == NGX_AGAIN) ? len : 0;

    return n;
}


void
ngx_opscom_tls_close(ngx_connection_t *c)
{
    if (c->ssl == NULL) {
        return;
    }

    c->ssl->no_wait_shutdown = 1;
    c->ssl->no_send_shutdown = 1;

    (void) ngx_ssl_shutdown(c);
}

#endif
