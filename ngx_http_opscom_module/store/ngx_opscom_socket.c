
/* From an address to a socket that can be used: resolve, connect, secure. */


#include "ngx_opscom_socket.h"
#include "ngx_opscom_text.h"
#include "ngx_opscom_tls.h"


static void ngx_opscom_socket_state(ngx_opscom_socket_t *sock,
    ngx_opscom_socket_state_t state);
static void ngx_opscom_socket_resolve(ngx_opscom_socket_t *sock);
static void ngx_opscom_socket_unresolved(ngx_opscom_socket_t *sock);
static void ngx_opscom_socket_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_opscom_socket_connect(ngx_opscom_socket_t *sock,
    struct sockaddr *sockaddr, socklen_t socklen);
static void ngx_opscom_socket_connecting(ngx_event_t *ev);
static void ngx_opscom_socket_connected(ngx_opscom_socket_t *sock);
static ngx_err_t ngx_opscom_socket_error(ngx_connection_t *c);
static void ngx_opscom_socket_established(ngx_opscom_socket_t *sock);
static void ngx_opscom_socket_readable(ngx_event_t *rev);
static void ngx_opscom_socket_writable(ngx_event_t *wev);
static void ngx_opscom_socket_failed(ngx_opscom_socket_t *sock,
    const char *what, ngx_err_t err);

#if (NGX_SSL)

static void ngx_opscom_socket_secure(ngx_opscom_socket_t *sock);
static void ngx_opscom_socket_secured(ngx_connection_t *c);
static ngx_str_t *ngx_opscom_socket_server(ngx_opscom_socket_t *sock);

#endif


void
ngx_opscom_socket_open(ngx_opscom_socket_t *sock,
    ngx_opscom_address_t *address, ngx_log_t *log)
{
    sock->address = address;
    sock->log = log;

    if (address->sockaddr) {
        ngx_opscom_socket_connect(sock, address->sockaddr, address->socklen);

    } else {
        ngx_opscom_socket_resolve(sock);
    }
}


/* The one place where a state changes; its own logs may leave debug out. */

static void
ngx_opscom_socket_state(ngx_opscom_socket_t *sock,
    ngx_opscom_socket_state_t state)
{
#if (NGX_DEBUG)
    static const char  *names[NGX_OPSCOM_SOCKET_STATES] = {
        "closed", "resolving", "connecting", "securing", "open"
    };

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "opscom: redis %V: socket %s -> %s", &sock->address->text,
                   names[sock->state], names[state]);
#endif

    sock->state = state;
}


static void
ngx_opscom_socket_resolve(ngx_opscom_socket_t *sock)
{
    ngx_resolver_ctx_t  *ctx, wanted;

    ngx_opscom_socket_state(sock, NGX_OPSCOM_SOCKET_RESOLVING);

    if (sock->settings->resolver == NULL) {
        ngx_opscom_socket_unresolved(sock);
        return;
    }

    ngx_memzero(&wanted, sizeof(ngx_resolver_ctx_t));
    wanted.name = sock->address->host;

    ctx = ngx_resolve_start(sock->settings->resolver, &wanted);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_opscom_socket_unresolved(sock);
        return;
    }

    ctx->name = sock->address->host;
    ctx->handler = ngx_opscom_socket_resolved;
    ctx->data = sock;
    ctx->timeout = sock->settings->resolver_timeout;

    sock->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {

        /* the context was freed */

        sock->resolving = NULL;
        ngx_opscom_socket_failed(sock, "host name could not be resolved", 0);
    }
}


static void
ngx_opscom_socket_unresolved(ngx_opscom_socket_t *sock)
{
    u_char  text[NGX_OPSCOM_TEXT_SHOWN + 1], *last;

    last = ngx_snprintf(text, NGX_OPSCOM_TEXT_SHOWN,
                        "no resolver defined to resolve %V",
                        &sock->address->host);
    *last = '\0';

    ngx_opscom_socket_failed(sock, (char *) text, 0);
}


static void
ngx_opscom_socket_resolved(ngx_resolver_ctx_t *ctx)
{
    socklen_t             socklen;
    ngx_uint_t            i;
    ngx_opscom_socket_t  *sock;

    sock = ctx->data;

    if (ctx->state) {
        ngx_opscom_socket_failed(sock, ngx_resolver_strerror(ctx->state), 0);
        return;
    }

    /* another one of several each time */

    i = sock->attempts++ % ctx->naddrs;

    socklen = ctx->addrs[i].socklen;
    ngx_memcpy(&sock->resolved, ctx->addrs[i].sockaddr, socklen);
    ngx_inet_set_port(&sock->resolved.sockaddr, sock->address->port);

    ngx_resolve_name_done(ctx);
    sock->resolving = NULL;

    ngx_opscom_socket_connect(sock, &sock->resolved.sockaddr, socklen);
}


static void
ngx_opscom_socket_connect(ngx_opscom_socket_t *sock, struct sockaddr *sockaddr,
    socklen_t socklen)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    ngx_opscom_socket_state(sock, NGX_OPSCOM_SOCKET_CONNECTING);

    ngx_memzero(&sock->peer, sizeof(ngx_peer_connection_t));

    sock->peer.sockaddr = sockaddr;
    sock->peer.socklen = socklen;
    sock->peer.name = &sock->address->text;
    sock->peer.get = ngx_event_get_peer;
    sock->peer.log = sock->quiet;
    sock->peer.log_error = NGX_ERROR_ERR;

    rc = ngx_event_connect_peer(&sock->peer);

    if (rc == NGX_ERROR || rc == NGX_DECLINED || rc == NGX_BUSY) {
        sock->peer.connection = NULL;
        ngx_opscom_socket_failed(sock, "connect() failed", ngx_socket_errno);
        return;
    }

    c = sock->peer.connection;

    c->data = sock;
    c->read->handler = ngx_opscom_socket_connecting;
    c->write->handler = ngx_opscom_socket_connecting;

    ngx_opscom_socket_log(sock, sock->log);

    sock->pool = ngx_create_pool(1024, sock->log);
    if (sock->pool == NULL) {
        ngx_opscom_socket_failed(sock, "no memory", 0);
        return;
    }

    c->pool = sock->pool;

    if (rc == NGX_OK) {
        ngx_opscom_socket_connected(sock);
    }
}


void
ngx_opscom_socket_log(ngx_opscom_socket_t *sock, ngx_log_t *log)
{
    ngx_connection_t  *c;

    c = sock->peer.connection;

    c->log = log;
    c->read->log = log;
    c->write->log = log;
}


static void
ngx_opscom_socket_connecting(ngx_event_t *ev)
{
    ngx_err_t             err;
    ngx_connection_t     *c;
    ngx_opscom_socket_t  *sock;

    c = ev->data;
    sock = c->data;

    err = ngx_opscom_socket_error(c);

    if (err) {
        ngx_opscom_socket_failed(sock, "connect() failed", err);
        return;
    }

    ngx_opscom_socket_connected(sock);
}


static ngx_err_t
ngx_opscom_socket_error(ngx_connection_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    return err;
}


static void
ngx_opscom_socket_connected(ngx_opscom_socket_t *sock)
{
    ngx_connection_t  *c;

    c = sock->peer.connection;

    /* a turn's commands are sent in one write: delaying gains nothing */

    if (sock->peer.sockaddr->sa_family != AF_UNIX
        && ngx_tcp_nodelay(c) != NGX_OK)
    {
        ngx_opscom_socket_failed(sock, "setsockopt(TCP_NODELAY) failed",
                                 ngx_socket_errno);
        return;
    }

#if (NGX_SSL)

    if (sock->settings->ssl) {
        ngx_opscom_socket_secure(sock);
        return;
    }

#endif

    ngx_opscom_socket_established(sock);
}


#if (NGX_SSL)

static void
ngx_opscom_socket_secure(ngx_opscom_socket_t *sock)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = sock->peer.connection;

    ngx_opscom_socket_state(sock, NGX_OPSCOM_SOCKET_SECURING);

    if (ngx_opscom_tls_prepare(c, sock->settings->ssl,
                               ngx_opscom_socket_server(sock))
        != NGX_OK)
    {
        ngx_opscom_socket_failed(sock, "TLS could not be set up", 0);
        return;
    }

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_opscom_socket_secured;
        return;
    }

    ngx_opscom_socket_secured(c);
}


static void
ngx_opscom_socket_secured(ngx_connection_t *c)
{
    char                 *wrong;
    ngx_opscom_socket_t  *sock;

    sock = c->data;

    if (!c->ssl->handshaked) {
        ngx_opscom_socket_failed(sock, "TLS handshake failed", 0);
        return;
    }

    wrong = ngx_opscom_tls_verify(c, ngx_opscom_socket_server(sock));

    if (wrong) {
        ngx_opscom_socket_failed(sock, wrong, 0);
        return;
    }

    /* it is still "ready", for which poll() and select() do not watch it */

    ngx_post_event(c->read, &ngx_posted_events);

    ngx_opscom_socket_established(sock);
}


static ngx_str_t *
ngx_opscom_socket_server(ngx_opscom_socket_t *sock)
{
    return sock->settings->server_name.len ? &sock->settings->server_name
                                           : &sock->address->host;
}

#endif


static void
ngx_opscom_socket_established(ngx_opscom_socket_t *sock)
{
    ngx_connection_t  *c;

    c = sock->peer.connection;

    c->read->handler = ngx_opscom_socket_readable;
    c->write->handler = ngx_opscom_socket_writable;

    ngx_opscom_socket_state(sock, NGX_OPSCOM_SOCKET_OPEN);

    if (ngx_opscom_socket_watch_read(sock) == NGX_OK) {
        sock->handlers->connected(sock);
    }
}


static void
ngx_opscom_socket_readable(ngx_event_t *rev)
{
    ngx_connection_t     *c;
    ngx_opscom_socket_t  *sock;

    c = rev->data;
    sock = c->data;

    sock->handlers->readable(sock);
}


static void
ngx_opscom_socket_writable(ngx_event_t *wev)
{
    ngx_connection_t     *c;
    ngx_opscom_socket_t  *sock;

    c = wev->data;
    sock = c->data;

    sock->handlers->writable(sock);
}


static void
ngx_opscom_socket_failed(ngx_opscom_socket_t *sock, const char *what,
    ngx_err_t err)
{
    sock->handlers->failed(sock, what, err);
}


ssize_t
ngx_opscom_socket_send(ngx_opscom_socket_t *sock, u_char *data, size_t len)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = sock->peer.connection;

    n = ngx_opscom_tls_send(c, data, len, &sock->record);

    if (n == NGX_ERROR) {
        ngx_opscom_socket_failed(sock, "send() failed", ngx_socket_errno);
        return NGX_DONE;
    }

    return n;
}


ssize_t
ngx_opscom_socket_recv(ngx_opscom_socket_t *sock, u_char *data, size_t len)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = sock->peer.connection;

    n = c->recv(c, data, len);

    if (n == 0) {
        ngx_opscom_socket_failed(sock, "server closed the connection", 0);
        return NGX_DONE;
    }

    if (n == NGX_ERROR) {
        ngx_opscom_socket_failed(sock, "recv() failed", ngx_socket_errno);
        return NGX_DONE;
    }

    return n;
}


ngx_int_t
ngx_opscom_socket_watch_write(ngx_opscom_socket_t *sock)
{
    if (ngx_handle_write_event(sock->peer.connection->write, 0) != NGX_OK) {
        ngx_opscom_socket_failed(sock, "write event could not be added", 0);
        return NGX_DONE;
    }

    return NGX_OK;
}


ngx_int_t
ngx_opscom_socket_watch_read(ngx_opscom_socket_t *sock)
{
    if (ngx_handle_read_event(sock->peer.connection->read, 0) != NGX_OK) {
        ngx_opscom_socket_failed(sock, "read event could not be added", 0);
        return NGX_DONE;
    }

    return NGX_OK;
}


void
ngx_opscom_socket_close(ngx_opscom_socket_t *sock)
{
    ngx_connection_t  *c;

    if (sock->resolving) {
        ngx_resolve_name_done(sock->resolving);
        sock->resolving = NULL;
    }

    c = sock->peer.connection;

    if (c) {
        ngx_opscom_tls_close(c);
        ngx_close_connection(c);
        sock->peer.connection = NULL;
        sock->record = 0;
    }

    if (sock->pool) {
        ngx_destroy_pool(sock->pool);
        sock->pool = NULL;
    }

    if (sock->state != NGX_OPSCOM_SOCKET_CLOSED) {
        ngx_opscom_socket_state(sock, NGX_OPSCOM_SOCKET_CLOSED);
    }
}
