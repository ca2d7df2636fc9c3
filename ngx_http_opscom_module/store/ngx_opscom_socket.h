
/*
 * A socket to one Redis server on nginx's event loop: a name is resolved, the
 * address connected to, TLS set up where the settings ask for it.  Nothing
 * blocks.
 */


#ifndef NGX_OPSCOM_SOCKET_H_INCLUDED
#define NGX_OPSCOM_SOCKET_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_opscom_settings.h"


typedef struct ngx_opscom_socket_s ngx_opscom_socket_t;


/* The handlers of the owner of a socket; each may close the socket. */

typedef struct {
    void (*connected)(ngx_opscom_socket_t *sock);
    void (*readable)(ngx_opscom_socket_t *sock);
    void (*writable)(ngx_opscom_socket_t *sock);

    /*
     * The socket has failed and is to be closed.  "what" and err (errno, or
     * 0) are for the log; "what" may be freed by closing.
     */
    void (*failed)(ngx_opscom_socket_t *sock, const char *what,
        ngx_err_t err);
} ngx_opscom_socket_handlers_t;


typedef enum {
    NGX_OPSCOM_SOCKET_CLOSED,
    NGX_OPSCOM_SOCKET_RESOLVING,
    NGX_OPSCOM_SOCKET_CONNECTING,
    NGX_OPSCOM_SOCKET_SECURING,
    NGX_OPSCOM_SOCKET_OPEN,
    NGX_OPSCOM_SOCKET_STATES
} ngx_opscom_socket_state_t;


struct ngx_opscom_socket_s {
    const ngx_opscom_socket_handlers_t  *handlers;
    void                                *data; /* the owner's */
    ngx_opscom_settings_t               *settings;

    ngx_opscom_socket_state_t            state;
    ngx_opscom_address_t                *address;
    ngx_peer_connection_t                peer;
    size_t                               record; /* begun by TLS */
    ngx_resolver_ctx_t                  *resolving;
    ngx_sockaddr_t                       resolved;
    ngx_uint_t                           attempts; /* of names resolved */
    ngx_pool_t                          *pool;
    ngx_log_t                           *log;
    ngx_log_t                           *quiet; /* for connect(): the owner
                                                   reports what fails */
};


/*
 * Starts to connect a closed socket to an address, which must outlive it.  All
 * messages of nginx and OpenSSL go to that log.  connected() or failed()
 * follows, maybe before this returns.
 */
void ngx_opscom_socket_open(ngx_opscom_socket_t *sock,
    ngx_opscom_address_t *address, ngx_log_t *log);

/* From now on, nginx and OpenSSL log there. */
void ngx_opscom_socket_log(ngx_opscom_socket_t *sock, ngx_log_t *log);

/*
 * Sends and receives.  A number of bytes, NGX_AGAIN, or NGX_DONE after
 * failed() was called.  Bytes that are not reported as sent will not arrive as
 * long as they are not passed again: they must be, first.
 */
ssize_t ngx_opscom_socket_send(ngx_opscom_socket_t *sock, u_char *data,
    size_t len);
ssize_t ngx_opscom_socket_recv(ngx_opscom_socket_t *sock, u_char *data,
    size_t len);

/* Whether more may be received immediately. */
#define ngx_opscom_socket_is_ready(sock) ((sock)->peer.connection->read->ready)

/*
 * See to it that events come, after sending and receiving.  NGX_OK, or NGX_DONE
 * after failed() was called.
 */
ngx_int_t ngx_opscom_socket_watch_write(ngx_opscom_socket_t *sock);
ngx_int_t ngx_opscom_socket_watch_read(ngx_opscom_socket_t *sock);

/* Closes; harmless when it is closed. */
void ngx_opscom_socket_close(ngx_opscom_socket_t *sock);


#endif /* NGX_OPSCOM_SOCKET_H_INCLUDED */
