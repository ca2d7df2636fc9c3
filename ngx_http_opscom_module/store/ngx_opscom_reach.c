
/* From an address to a connection that can be greeted. */


#include "ngx_opscom_link.h"


static ngx_int_t ngx_opscom_reach_resolve(
    ngx_opscom_link_t *link, ngx_opscom_address_t *address);
static void      ngx_opscom_reach_resolved(ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_opscom_reach_connect(
    ngx_opscom_link_t *link, struct sockaddr *sockaddr, socklen_t socklen);
static void      ngx_opscom_reach_connecting(ngx_event_t *ev);
static void      ngx_opscom_reach_connected(ngx_opscom_link_t *link);
static void      ngx_opscom_reach_greet(ngx_opscom_link_t *link);
static ngx_err_t ngx_opscom_reach_error(ngx_connection_t *c);

#if (NGX_SSL)

static void  ngx_opscom_reach_secure(ngx_opscom_link_t *link);
static void  ngx_opscom_reach_handshaken(ngx_connection_t *c);
static char *ngx_opscom_reach_verify(
    ngx_opscom_link_t *link, ngx_connection_t *c);
static ngx_int_t ngx_opscom_reach_server_name(
    ngx_opscom_link_t *link, ngx_connection_t *c);

#endif


ngx_int_t
ngx_opscom_reach(ngx_opscom_link_t *link)
{
    ngx_opscom_address_t *addresses;

    addresses = link->addresses->elts;

    link->asking = (link->settings->sentinel.len != 0);

    return ngx_opscom_reach_address(link, &addresses[link->address]);
}


ngx_int_t
ngx_opscom_reach_address(
    ngx_opscom_link_t *link, ngx_opscom_address_t *address)
{
    link->target = address;

    if (address->sockaddr) {
        return ngx_opscom_reach_connect(
            link, address->sockaddr, address->socklen);
    }

    return ngx_opscom_reach_resolve(link, address);
}


ngx_int_t
ngx_opscom_address_set(ngx_opscom_address_t *address, ngx_opscom_room_t *room,
    ngx_str_t *host, in_port_t port)
{
    in_addr_t           inaddr;
    struct sockaddr_in *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6 *sin6;
#endif

    if (host->len == 0 || host->len > NGX_OPSCOM_HOST_LEN) {
        return NGX_ERROR;
    }

    ngx_memzero(address, sizeof(ngx_opscom_address_t));
    ngx_memzero(&room->sockaddr, sizeof(ngx_sockaddr_t));

    address->text.data = room->text;
    address->text.len = ngx_sprintf(
                            room->text, "%V:%ui", host, (ngx_uint_t) port)
        - room->text;

    address->host.data = room->text;
    address->host.len = host->len;
    address->port = port;

    inaddr = ngx_inet_addr(host->data, host->len);

    if (inaddr != INADDR_NONE) {
        sin = &room->sockaddr.sockaddr_in;
        sin->sin_family = AF_INET;
        sin->sin_addr.s_addr = inaddr;
        address->socklen = sizeof(struct sockaddr_in);
    }

#if (NGX_HAVE_INET6)
    sin6 = &room->sockaddr.sockaddr_in6;

    if (inaddr == INADDR_NONE
        && ngx_inet6_addr(host->data, host->len, sin6->sin6_addr.s6_addr)
            == NGX_OK)
    {
        sin6->sin6_family = AF_INET6;
        address->socklen = sizeof(struct sockaddr_in6);
    }
#endif

    if (address->socklen) {
        address->sockaddr = &room->sockaddr.sockaddr;
        ngx_inet_set_port(address->sockaddr, port);
    }

    return NGX_OK;
}


void
ngx_opscom_reach_close(ngx_opscom_link_t *link)
{
    ngx_connection_t *c;

    if (link->resolving) {
        ngx_resolve_name_done(link->resolving);
        link->resolving = NULL;
    }

    if (link->flush.posted) {
        ngx_delete_posted_event(&link->flush);
    }

    c = link->peer.connection;

    if (c) {

#if (NGX_SSL)
        if (c->ssl) {
            c->ssl->no_wait_shutdown = 1;
            c->ssl->no_send_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }
#endif

        ngx_close_connection(c);
        link->peer.connection = NULL;
    }

    if (link->pool) {
        ngx_destroy_pool(link->pool);
        link->pool = NULL;
    }

    ngx_opscom_reader_destroy(&link->reader);
    ngx_opscom_out_free(&link->out);

    link->written = 0;
    link->sent = 0;
    link->replicas = 0;
    link->replicas_time = 0;
    link->greetings = 0;
    link->order.head = link->order.tail;
    link->generation++;
}


static ngx_int_t
ngx_opscom_reach_resolve(
    ngx_opscom_link_t *link, ngx_opscom_address_t *address)
{
    ngx_resolver_ctx_t *ctx, wanted;

    link->state = NGX_OPSCOM_LINK_RESOLVING;

    if (link->settings->resolver == NULL) {
        ngx_opscom_link_fail(link, "a name, and no resolver", 0);
        return NGX_ERROR;
    }

    ngx_memzero(&wanted, sizeof(ngx_resolver_ctx_t));
    wanted.name = address->host;

    ctx = ngx_resolve_start(link->settings->resolver, &wanted);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_opscom_link_fail(link, "no resolver", 0);
        return NGX_ERROR;
    }

    ctx->name = address->host;
    ctx->handler = ngx_opscom_reach_resolved;
    ctx->data = link;
    ctx->timeout = link->settings->resolver_timeout;

    link->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {

        /* the context was freed */

        link->resolving = NULL;
        ngx_opscom_link_fail(link, "no resolver", 0);

        return NGX_ERROR;
    }

    ngx_opscom_link_watch(link);

    return NGX_OK;
}


static void
ngx_opscom_reach_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t         pick;
    ngx_opscom_link_t *link;

    link = ctx->data;

    if (ctx->state) {
        ngx_opscom_link_fail(link, ngx_resolver_strerror(ctx->state), 0);
        return;
    }

    pick = link->failures % ctx->naddrs;

    ngx_memcpy(
        &link->resolved, ctx->addrs[pick].sockaddr, ctx->addrs[pick].socklen);
    ngx_inet_set_port(&link->resolved.sockaddr, link->target->port);

    link->peer.socklen = ctx->addrs[pick].socklen;

    ngx_resolve_name_done(ctx);
    link->resolving = NULL;

    (void) ngx_opscom_reach_connect(
        link, &link->resolved.sockaddr, link->peer.socklen);
}


static ngx_int_t
ngx_opscom_reach_connect(
    ngx_opscom_link_t *link, struct sockaddr *sockaddr, socklen_t socklen)
{
    ngx_int_t         rc;
    ngx_connection_t *c;

    link->state = NGX_OPSCOM_LINK_CONNECTING;

    ngx_memzero(&link->peer, sizeof(ngx_peer_connection_t));

    link->peer.sockaddr = sockaddr;
    link->peer.socklen = socklen;
    link->peer.name = ngx_opscom_link_name(link);
    link->peer.get = ngx_event_get_peer;
    link->peer.log = &link->quiet;
    link->peer.log_error = NGX_ERROR_ERR;

    rc = ngx_event_connect_peer(&link->peer);

    if (rc == NGX_ERROR || rc == NGX_DECLINED || rc == NGX_BUSY) {
        link->peer.connection = NULL;
        ngx_opscom_link_fail(link, "connect() failed", ngx_socket_errno);
        return NGX_ERROR;
    }

    c = link->peer.connection;

    c->data = link;
    ngx_opscom_reach_log(link, link->down ? &link->quiet : &link->log);
    c->read->handler = ngx_opscom_reach_connecting;
    c->write->handler = ngx_opscom_reach_connecting;

    link->pool = ngx_create_pool(1024, &link->log);

    if (link->pool == NULL
        || ngx_opscom_reader_init(&link->reader, &link->log) != NGX_OK)
    {
        ngx_opscom_link_fail(link, "no memory", 0);
        return NGX_ERROR;
    }

    c->pool = link->pool;

    if (rc == NGX_OK) {
        ngx_opscom_reach_connected(link);
        return link->state == NGX_OPSCOM_LINK_PAUSED ? NGX_ERROR : NGX_OK;
    }

    ngx_opscom_link_watch(link);

    return NGX_OK;
}


/* What nginx and OpenSSL say of a failure is of interest once. */

void
ngx_opscom_reach_log(ngx_opscom_link_t *link, ngx_log_t *log)
{
    ngx_connection_t *c;

    c = link->peer.connection;

    c->log = log;
    c->read->log = log;
    c->write->log = log;
}


static void
ngx_opscom_reach_connecting(ngx_event_t *ev)
{
    ngx_err_t         err;
    ngx_connection_t *c;

    c = ev->data;

    err = ngx_opscom_reach_error(c);

    if (err) {
        ngx_opscom_link_fail(c->data, "connect() failed", err);
        return;
    }

    ngx_opscom_reach_connected(c->data);
}


static ngx_err_t
ngx_opscom_reach_error(ngx_connection_t *c)
{
    int       err;
    socklen_t len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    return err;
}


static void
ngx_opscom_reach_connected(ngx_opscom_link_t *link)
{
    ngx_connection_t *c;

    c = link->peer.connection;

    /* a turn's commands leave in one write: there is nothing to wait for */

    if (link->peer.sockaddr->sa_family != AF_UNIX
        && ngx_tcp_nodelay(c) != NGX_OK) {
        ngx_opscom_link_fail(
            link, "setsockopt(TCP_NODELAY) failed", ngx_socket_errno);
        return;
    }

#if (NGX_SSL)
    if (link->settings->ssl) {
        ngx_opscom_reach_secure(link);
        return;
    }
#endif

    ngx_opscom_reach_greet(link);
}


static void
ngx_opscom_reach_greet(ngx_opscom_link_t *link)
{
    ngx_connection_t *c;

    c = link->peer.connection;

    c->read->handler = ngx_opscom_wire_read;
    c->write->handler = ngx_opscom_wire_write;

    link->state = NGX_OPSCOM_LINK_GREETING;

    if (ngx_opscom_link_greet(link) != NGX_OK) {
        ngx_opscom_link_fail(link, "no memory", 0);
        return;
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_opscom_link_fail(link, "no read event", 0);
        return;
    }

    ngx_opscom_link_watch(link);
}


#if (NGX_SSL)

static void
ngx_opscom_reach_secure(ngx_opscom_link_t *link)
{
    ngx_int_t         rc;
    ngx_connection_t *c;

    c = link->peer.connection;

    link->state = NGX_OPSCOM_LINK_SECURING;

    if (ngx_ssl_create_connection(
            link->settings->ssl, c, NGX_SSL_BUFFER | NGX_SSL_CLIENT)
            != NGX_OK
        || ngx_opscom_reach_server_name(link, c) != NGX_OK)
    {
        ngx_opscom_link_fail(link, "no TLS", 0);
        return;
    }

    /* what waits to be sent is moved when more comes behind it */

    (void) SSL_set_mode(c->ssl->connection,
        SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_opscom_reach_handshaken;
        ngx_opscom_link_watch(link);
        return;
    }

    ngx_opscom_reach_handshaken(c);
}


static void
ngx_opscom_reach_handshaken(ngx_connection_t *c)
{
    char              *wrong;
    ngx_opscom_link_t *link;

    link = c->data;

    if (!c->ssl->handshaked) {
        ngx_opscom_link_fail(link, "TLS handshake failed", 0);
        return;
    }

    wrong = ngx_opscom_reach_verify(link, c);

    if (wrong) {
        ngx_opscom_link_fail(link, wrong, 0);
        return;
    }

    ngx_opscom_reach_greet(link);
}


/* What is wrong with the server's certificate, or NULL. */

static char *
ngx_opscom_reach_verify(ngx_opscom_link_t *link, ngx_connection_t *c)
{
    long       rc;
    X509      *certificate;
    ngx_str_t *name;

    if (!link->settings->tls) {
        return NULL;
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        return (char *) X509_verify_cert_error_string(rc);
    }

    certificate = SSL_get_peer_certificate(c->ssl->connection);

    if (certificate == NULL) {
        return "it sent no certificate";
    }

    X509_free(certificate);

    name = link->settings->server_name.len ? &link->settings->server_name
                                           : &link->target->host;

    if (ngx_ssl_check_host(c, name) != NGX_OK) {
        return "its certificate is for another name";
    }

    return NULL;
}


static ngx_int_t
ngx_opscom_reach_server_name(ngx_opscom_link_t *link, ngx_connection_t *c)
{
    u_char    *name;
    ngx_str_t *wanted;

    wanted = &link->settings->server_name;

    if (wanted->len == 0) {
        return NGX_OK;
    }

    name = ngx_pnalloc(link->pool, wanted->len + 1);
    if (name == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(name, wanted->data, wanted->len + 1);

    return SSL_set_tlsext_host_name(c->ssl->connection, (char *) name)
        ? NGX_OK
        : NGX_ERROR;
}

#endif
