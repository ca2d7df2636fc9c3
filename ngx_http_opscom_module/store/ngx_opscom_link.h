
/*
 * A link: one pipelined connection to one Redis server, and its whole life:
 *
 *   idle -> resolving -> connecting -> securing -> greeting -> ready
 *
 * From each of these it may fail.  A link that was ready is opened again at
 * once; when that fails too, after pauses that grow.  While it is paused, or
 * on trial after one, it declines calls.
 *
 * The rooms of this folder share this header; users of the store do not.
 */


#ifndef NGX_OPSCOM_LINK_H_INCLUDED
#define NGX_OPSCOM_LINK_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_opscom_call.h"
#include "ngx_opscom_store.h"


#define NGX_OPSCOM_WORD_LEN 32 /* of an error: "NOREPLICAS" */


typedef enum {
    NGX_OPSCOM_LINK_IDLE,
    NGX_OPSCOM_LINK_RESOLVING,
    NGX_OPSCOM_LINK_CONNECTING,
    NGX_OPSCOM_LINK_SECURING,
    NGX_OPSCOM_LINK_GREETING,
    NGX_OPSCOM_LINK_READY,
    NGX_OPSCOM_LINK_PAUSED
} ngx_opscom_link_state_t;


typedef struct ngx_opscom_slot_s    ngx_opscom_slot_t;
typedef struct ngx_opscom_cluster_s ngx_opscom_cluster_t;

/* Takes the reply to one of the link's own commands. */
typedef void (*ngx_opscom_step_pt)(
    ngx_opscom_link_t *link, ngx_opscom_reply_t *reply);


/* A command that was written, in the order in which replies come. */

struct ngx_opscom_slot_s {
    ngx_opscom_call_t *call; /* NULL: one of its own, or the caller left */
    ngx_opscom_step_pt step; /* of one of its own */
    uint64_t           end;  /* of its bytes, counted from the first ever */
    ngx_msec_t         deadline;
};


/* A ring; grows to what it has to hold. */

typedef struct {
    ngx_opscom_slot_t *slots;
    uint64_t           room; /* a power of two, or 0 */
    uint64_t           head; /* numbers of the oldest slot ... */
    uint64_t           tail; /* ... and of the next one */
} ngx_opscom_order_t;


/* Room for an address that came from Redis. */

#define NGX_OPSCOM_HOST_LEN 255

typedef struct {
    u_char         text[NGX_OPSCOM_HOST_LEN + sizeof(":65535")];
    ngx_sockaddr_t sockaddr;
} ngx_opscom_room_t;


/* A Redis server, or the addresses that one is looked for at. */

typedef struct {
    ngx_queue_t        queue;
    ngx_array_t       *addresses; /* of ngx_opscom_address_t */
    ngx_opscom_link_t *links;     /* settings.connections of them */
    ngx_uint_t         next;
} ngx_opscom_node_t;


struct ngx_opscom_store_s {
    ngx_opscom_settings_t settings;

    /* each worker's own */

    ngx_pool_t          *pool;
    ngx_queue_t          nodes;
    ngx_uint_t           inflight;
    ngx_opscom_gauges_t *gauges;
    ngx_opscom_counters_t *counters;

    ngx_msec_t refusing_since;
    ngx_uint_t refused;
    u_char     refusing[NGX_OPSCOM_WORD_LEN]; /* the word, or "" */
    size_t     refusing_len;

    ngx_opscom_cluster_t *cluster; /* NULL: it is none */
};


struct ngx_opscom_link_s {
    ngx_opscom_store_t    *store;
    ngx_opscom_settings_t *settings;
    ngx_array_t           *addresses; /* of ngx_opscom_address_t */
    ngx_uint_t             address;   /* the one in turn */
    ngx_opscom_address_t  *target;    /* the one in use */
    ngx_opscom_address_t   master;    /* what a sentinel said */
    ngx_opscom_room_t      master_room;
    ngx_uint_t             tried; /* addresses, since the last pause */

    ngx_opscom_link_state_t state;
    ngx_peer_connection_t   peer;
    ngx_resolver_ctx_t     *resolving;
    ngx_sockaddr_t          resolved;
    ngx_pool_t             *pool; /* the connection's */
    ngx_log_t               log;
    ngx_log_t               quiet;      /* for what the link itself reports */
    ngx_uint_t              generation; /* of the connection */
    ngx_uint_t              greetings;  /* replies that it still waits for */

    ngx_opscom_reader_t reader;
    ngx_opscom_out_t    out;
    uint64_t            written; /* bytes, by this connection ... */
    uint64_t            sent;    /* ... and of them sent */
    ngx_opscom_order_t  order;

    ngx_queue_t waiting;  /* calls, for the link to be ready */
    ngx_queue_t held;     /* calls, for replicas */
    ngx_uint_t  replicas; /* to be waited for in this turn */
    ngx_msec_t  replicas_time;

    ngx_event_t flush;   /* posted: the end of the turn */
    ngx_event_t overdue; /* timer: a deadline */
    ngx_event_t retry;   /* timer: the pause is over */

    ngx_msec_t deadline; /* of becoming ready */
    ngx_uint_t failures; /* in a row */
    ngx_msec_t down_since;
    ngx_uint_t refused;    /* calls, since then */
    unsigned   asking : 1; /* a sentinel, for the master */
    unsigned   down : 1;
    unsigned   trial : 1; /* opened after a pause */
    unsigned   stale : 1; /* closes when nothing is in flight */
};


/* Makes an idle link; addresses and store must outlive it. */
void ngx_opscom_link_init(ngx_opscom_link_t *link, ngx_opscom_store_t *store,
    ngx_array_t *addresses);

/* As ngx_opscom_store_send(), but for the bound on commands in flight. */
ngx_int_t ngx_opscom_link_send(
    ngx_opscom_link_t *link, ngx_opscom_call_t *call);

/* Writes a command of the link's own; its reply goes to step(). */
ngx_int_t ngx_opscom_link_command(ngx_opscom_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step, ngx_msec_t timeout);

/* Writes a call, now that the link is ready; NGX_ERROR without memory. */
ngx_int_t ngx_opscom_link_submit(
    ngx_opscom_link_t *link, ngx_opscom_call_t *call);

/*
 * The one way out of every state: closes the connection, ends every call that
 * it took along, reports, and sees to the next attempt.  "what" and err
 * (errno, or 0) are for the log.
 */
void ngx_opscom_link_fail(
    ngx_opscom_link_t *link, const char *what, ngx_err_t err);

/*
 * Let calls end together: ngx_opscom_link_end() puts a call that is in no other
 * queue into "ended", ngx_opscom_link_finish() tells their callers.
 */
void ngx_opscom_link_end(
    ngx_opscom_call_t *call, ngx_queue_t *ended, ngx_opscom_outcome_t outcome);
void ngx_opscom_link_finish(ngx_opscom_link_t *link, ngx_queue_t *ended);

/* Starts to connect, to each address in turn; as ngx_opscom_reach(). */
ngx_int_t ngx_opscom_link_open(ngx_opscom_link_t *link);

/* The pause is over: the handler of link->retry. */
void ngx_opscom_link_retry(ngx_event_t *ev);

/* Closes for good, without a word: the worker exits. */
void ngx_opscom_link_close(ngx_opscom_link_t *link);

/* Starts the greeting of a fresh connection; NGX_ERROR without memory. */
ngx_int_t ngx_opscom_link_greet(ngx_opscom_link_t *link);

/* The greeting is over: what waited is written. */
void ngx_opscom_link_ready(ngx_opscom_link_t *link);

/* The server is of no more use: opens another when nothing is in flight. */
void ngx_opscom_link_retire(ngx_opscom_link_t *link);

/* Whether any command or call is on its way. */
ngx_int_t ngx_opscom_link_is_busy(ngx_opscom_link_t *link);

/* The text of the address in use. */
ngx_str_t *ngx_opscom_link_name(ngx_opscom_link_t *link);

/* Sees to the timer after the oldest deadline or its link changed. */
void ngx_opscom_link_watch(ngx_opscom_link_t *link);


/* ngx_opscom_wire.c: bytes out and in. */

void ngx_opscom_wire_flush(ngx_event_t *ev);
void ngx_opscom_wire_write(ngx_event_t *wev);
void ngx_opscom_wire_read(ngx_event_t *rev);

/* Lets what was written leave at the end of the turn. */
void ngx_opscom_wire_post(ngx_opscom_link_t *link);


/* ngx_opscom_reach.c: from an address to a connection that can be used. */

/* NGX_OK: under way, or there already; NGX_ERROR: it failed. */
ngx_int_t ngx_opscom_reach(ngx_opscom_link_t *link);

/* Lets the connection of a link log there. */
void ngx_opscom_reach_log(ngx_opscom_link_t *link, ngx_log_t *log);

/* Closes the connection and forgets all that was on it. */
void ngx_opscom_reach_close(ngx_opscom_link_t *link);


/* Connects to an address that a sentinel named; as ngx_opscom_reach(). */
ngx_int_t ngx_opscom_reach_address(
    ngx_opscom_link_t *link, ngx_opscom_address_t *address);


/*
 * Makes an address of a host and a port that came from Redis, in the room: an
 * IP address, or a name that is resolved when it is connected to.  NGX_ERROR:
 * the host is too long.
 */
ngx_int_t ngx_opscom_address_set(ngx_opscom_address_t *address,
    ngx_opscom_room_t *room, ngx_str_t *host, in_port_t port);


/* ngx_opscom_sentinel.c */

/* Asks the sentinel that the link is connected to where the master is. */
ngx_int_t ngx_opscom_sentinel_ask(ngx_opscom_link_t *link);


/* ngx_opscom_cluster.c */

/* Prepares for a cluster; NGX_ERROR without memory. */
ngx_int_t ngx_opscom_cluster_init(ngx_opscom_store_t *store);

/* The node that a hash tag belongs to, as far as is known; never NULL. */
ngx_opscom_node_t *ngx_opscom_cluster_pick(
    ngx_opscom_store_t *store, ngx_str_t *tag);

/* The worker exits. */
void ngx_opscom_cluster_close(ngx_opscom_store_t *store);

/* Asks for the map anew, but not more often than is good. */
void ngx_opscom_cluster_refresh(ngx_opscom_store_t *store);

/*
 * Follow "MOVED slot host:port" and "ASK slot host:port".  NGX_OK: the call is
 * on its way to that node; anything else: it is not.
 */
ngx_int_t ngx_opscom_cluster_moved(ngx_opscom_link_t *link,
    ngx_opscom_call_t *call, ngx_str_t *where, ngx_uint_t ask);


/* ngx_opscom_order.c */

/* The next free slot, zeroed, or NULL without memory. */
ngx_opscom_slot_t *ngx_opscom_order_push(
    ngx_opscom_order_t *order, ngx_log_t *log);

/* The oldest slot, or NULL. */
ngx_opscom_slot_t *ngx_opscom_order_head(ngx_opscom_order_t *order);

/* Frees the ring and forgets what was in it. */
void ngx_opscom_order_free(ngx_opscom_order_t *order);

/* The slot with this number, which must be in the ring. */
ngx_opscom_slot_t *ngx_opscom_order_slot(
    ngx_opscom_order_t *order, uint64_t number);


/* ngx_opscom_reply.c: what a reply means for the call that it answers. */

void ngx_opscom_reply_take(ngx_opscom_link_t *link, ngx_opscom_call_t *call,
    ngx_opscom_reply_t *reply);

/* The reply to WAIT: ends the held calls. */
void ngx_opscom_reply_replicas(
    ngx_opscom_link_t *link, ngx_opscom_reply_t *reply);


/* ngx_opscom_store.c: what the links tell the store. */

/* Adds a node with these addresses, or NULL without memory. */
ngx_opscom_node_t *ngx_opscom_store_node(
    ngx_opscom_store_t *store, ngx_array_t *addresses);

/* The next of a node's links. */
ngx_opscom_link_t *ngx_opscom_store_link(
    ngx_opscom_store_t *store, ngx_opscom_node_t *node);

/* A link has become ready, or was lost. */
void ngx_opscom_store_changed(ngx_opscom_store_t *store);

/* A call left the store, or a command of a call that left did. */
void ngx_opscom_store_ended(ngx_opscom_store_t *store);

/* Redis refused to execute; reported once for each change of the reason. */
void ngx_opscom_store_refused(
    ngx_opscom_store_t *store, ngx_opscom_link_t *link, ngx_str_t *why);

/* Redis executed a call. */
void ngx_opscom_store_accepted(
    ngx_opscom_store_t *store, ngx_opscom_link_t *link);

ngx_opscom_gauges_t *ngx_opscom_store_gauges(ngx_opscom_store_t *store);


#endif /* NGX_OPSCOM_LINK_H_INCLUDED */
