
/*
 * What a socket says it has sent over TLS is what the server can read, however
 * little the connection takes at a time: a call that was not sent is answered
 * with 503, and sent again whatever it does.
 */


/* nginx's headers define what the system's declare: they come first */

#include "ngx_opscom_socket.h"

#include "ngx_opscom_tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/x509.h>


#define TOTAL  500000
#define ROUNDS 40


static SSL_CTX             *contexts[2];
static SSL                 *client, *server;
static ngx_log_t            log;
static ngx_cycle_t          cycle = { .log = &log };
volatile ngx_cycle_t       *ngx_cycle = &cycle;
ngx_queue_t                 ngx_posted_events;
static ngx_event_t          events[2];
static ngx_ssl_connection_t ssl;
static ngx_connection_t     connection;
static ngx_opscom_socket_t  sock;
static u_char               text[TOTAL], received[TOTAL];


/* As ngx_ssl_write(). */

static ssize_t
send_to(ngx_connection_t *c, u_char *data, size_t len)
{
    int n;

    n = SSL_write(client, data, (int) len);

    if (n > 0) {
        return n;
    }

    return SSL_get_error(client, n) == SSL_ERROR_WANT_WRITE ? NGX_AGAIN
                                                            : NGX_ERROR;
}


static void
failed(ngx_opscom_socket_t *s, const char *what, ngx_err_t err)
{
    fail_msg("%s", what);
}


static const ngx_opscom_socket_handlers_t handlers = { NULL, NULL, NULL,
                                                       failed };


static X509 *
certificate(EVP_PKEY *key)
{
    X509 *cert;

    cert = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());

    return cert;
}


/* A connection that holds so many bytes on their way to the server. */

static void
connect_tls(size_t size)
{
    BIO      *near, *far;
    X509     *cert;
    EVP_PKEY *key;

    contexts[0] = SSL_CTX_new(TLS_client_method());
    contexts[1] = SSL_CTX_new(TLS_server_method());

    key = EVP_EC_gen("P-256");
    cert = certificate(key);
    SSL_CTX_use_certificate(contexts[1], cert);
    SSL_CTX_use_PrivateKey(contexts[1], key);
    X509_free(cert);
    EVP_PKEY_free(key);

    /* as ngx_ssl_create_connection() */

    SSL_CTX_set_mode(contexts[0], SSL_MODE_ENABLE_PARTIAL_WRITE
                                  |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    client = SSL_new(contexts[0]);
    server = SSL_new(contexts[1]);

    assert_int_equal(BIO_new_bio_pair(&near, size, &far, size), 1);
    SSL_set_bio(client, near, near);
    SSL_set_bio(server, far, far);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);

    do {
        (void) SSL_do_handshake(client);
        (void) SSL_do_handshake(server);
    } while (!SSL_is_init_finished(client) || !SSL_is_init_finished(server));

    connection.ssl = &ssl;
    connection.send = send_to;
    connection.read = &events[0];
    connection.write = &events[1];
    sock.log = &log;
    sock.handlers = &handlers;
    sock.state = NGX_OPSCOM_SOCKET_OPEN;
    sock.peer.connection = &connection;
}


static void
close_tls(void)
{
    ngx_opscom_socket_close(&sock);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(contexts[0]);
    SSL_CTX_free(contexts[1]);
}


/* The text from a byte on, until the connection takes no more. */

static size_t
send_from(size_t at, size_t end)
{
    ssize_t n;

    while (at < end) {
        n = ngx_opscom_socket_send(&sock, text + at, end - at);

        if (n == NGX_AGAIN) {
            break;
        }

        at += n;
    }

    return at;
}


static size_t
receive_from(size_t at)
{
    int n;

    for ( ;; ) {
        n = SSL_read(server, received + at, (int) (TOTAL - at));

        if (n <= 0) {
            return at;
        }

        at += n;
    }
}


static void
test_sent(void **state)
{
    size_t     sent, got, end, size;
    ngx_uint_t round;

    for (size = 0; size < TOTAL; size++) {
        text[size] = (u_char) (random() & 0xff);
    }

    for (round = 0; round < ROUNDS; round++) {
        connect_tls(3000 + random() % 60000);
        sent = 0;
        got = 0;
        end = 0;

        while (got < TOTAL) {

            /* meanwhile more was written */

            end += 1 + random() % 70000;
            end = ngx_min(TOTAL, end);
            sent = send_from(sent, end);
            got = receive_from(got);
            assert_true(got <= sent);
        }

        assert_int_equal(sent, TOTAL);
        assert_memory_equal(text, received, TOTAL);
        close_tls();
    }
}


/* A record that was begun on a connection is none of the next one's. */

static void
test_next_connection(void **state)
{
    connect_tls(3000);
    assert_int_equal(send_from(0, 10000), 0);
    assert_int_equal(sock.record, 10000);
    close_tls();

    connect_tls(60000);
    assert_int_equal(send_from(0, 20000), 20000);
    assert_int_equal(receive_from(0), 20000);
    close_tls();
}


/* What of nginx closing a socket calls. */


ngx_int_t
ngx_ssl_shutdown(ngx_connection_t *c)
{
    return NGX_OK; /* SSL_free() does it */
}


void
ngx_close_connection(ngx_connection_t *c)
{
    /* there is none */
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sent),
        cmocka_unit_test(test_next_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
