
/*
 * What ngx_opscom_socket.c needs to resolve, connect and secure, which its test
 * does not do.  nginx's headers would declare these otherwise.
 */


#include <stdlib.h>


#define NEVER(name)                                                           \
    void name(void);                                                          \
    void name(void) { abort(); }

NEVER(ngx_cpystrn)
NEVER(ngx_event_connect_peer)
NEVER(ngx_event_get_peer)
NEVER(ngx_handle_read_event)
NEVER(ngx_handle_write_event)
NEVER(ngx_inet_set_port)
NEVER(ngx_log_error_core)
NEVER(ngx_opscom_address_is_ip)
NEVER(ngx_resolve_name)
NEVER(ngx_resolve_name_done)
NEVER(ngx_resolve_start)
NEVER(ngx_resolver_strerror)
NEVER(ngx_snprintf)
NEVER(ngx_ssl_check_host)
NEVER(ngx_ssl_create_connection)
NEVER(ngx_ssl_handshake)
NEVER(ngx_tcp_nodelay)
