
/*
 * Pushes at a rate that does not wait for answers: arrivals are drawn at random
 * (a Poisson process) beforehand, and a push that finds no idle connection
 * waits for one.  Its time counts from when it was due, so that waiting counts.
 *
 *   paced PORT CONNECTIONS RATE SECONDS [FILE]
 *
 * prints one line: due, answered with 200, and the 50th, 99th and 99.9th
 * percentile and the longest time in microseconds.  FILE gets a line for each
 * push: when it was due (seconds of CLOCK_MONOTONIC), its time in microseconds
 * and its status, 0 where no answer came.  Only to 127.0.0.1.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>


#define BODY                                                                  \
    "{\"LicencePlate\":\"PL00000\",\"apiToken\":\"YOUR-API-TOKEN\","          \
    "\"Amount\":\"14.50\",\"CurrencyID\":\"CAD\",\"zone\":\"Lot 4\","         \
    "\"permitNo\":\"L4-1138\",\"startTime\":\"2018-07-02T09:00:00\","         \
    "\"endTime\":\"2018-07-02T09:30:00\"}"

#define HEAD                                                                  \
    "POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\n"       \
    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s"

#define EVENTS 256
#define PLATES 65536
#define GRACE  5 /* seconds for the last answers */


typedef struct {
    uint64_t due; /* in nanoseconds */
    uint32_t us;
    int      status;
} push_t;

typedef struct {
    int     fd;
    push_t *push; /* on its way; NULL: idle */
    size_t  have;
    char    answer[2048];
} connection_t;


static connection_t *connections, **idle;
static size_t        nidle;

static push_t   *pushes;
static size_t    ndue, next, sent, answered;

static uint32_t *times; /* of those that were stored */
static size_t    stored;

static char   request[1024];
static size_t request_len, plate_at;


static void
die(const char *what)
{
    fprintf(stderr, "paced: %s: %s\n", what, strerror(errno));
    exit(1);
}


static uint64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);

    return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}


static void
draw(double rate, double seconds)
{
    double   at;
    uint64_t start;

    pushes = calloc((size_t) (rate * seconds * 1.2 + 1000), sizeof(push_t));
    srand48(2026);

    start = now() + 10000000;

    for (at = 0; at < seconds; at -= log(1 - drand48()) / rate) {
        pushes[ndue++].due = start + (uint64_t) (at * 1e9);
    }
}


static void
open_connection(connection_t *c, int epoll, int port)
{
    int                one = 1;
    struct epoll_event event;
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t) port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(c->fd, (struct sockaddr *) &address, sizeof(address)) == -1) {
        die("connect");
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);

    event.events = EPOLLIN;
    event.data.ptr = c;
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);

    idle[nidle++] = c;
}


/* Sends pushes that are due while a connection is idle. */

static void
send_due(void)
{
    char          plate[6];
    connection_t *c;

    while (nidle && next < ndue && pushes[next].due <= now()) {
        c = idle[--nidle];

        snprintf(plate, sizeof(plate), "%05zu", next * 40503 % PLATES);
        memcpy(request + plate_at, plate, 5);

        c->push = &pushes[next++];
        c->have = 0;
        sent++;

        if (write(c->fd, request, request_len) != (ssize_t) request_len) {
            die("write");
        }
    }
}


/* The answers of the module all have a length; the floor's are chunked. */

static int
is_whole(connection_t *c)
{
    char *end, *length;

    c->answer[c->have] = '\0';

    if (c->have > 7 && strcmp(c->answer + c->have - 7, "\r\n0\r\n\r\n") == 0) {
        return 1;
    }

    end = strstr(c->answer, "\r\n\r\n");
    length = strstr(c->answer, "Content-Length: ");

    return end && length
        && c->have
        >= (size_t) (end - c->answer) + 4 + strtoul(length + 16, NULL, 10);
}


static void
take_answer(connection_t *c)
{
    push_t *push = c->push;
    ssize_t n;

    n = read(c->fd, c->answer + c->have, sizeof(c->answer) - 1 - c->have);

    if (n <= 0) {
        die("read");
    }

    c->have += (size_t) n;

    if (push == NULL || !is_whole(c)) {
        return;
    }

    push->us = (uint32_t) ((now() - push->due) / 1000);
    push->status = atoi(c->answer + sizeof("HTTP/1.1 ") - 1);
    answered++;

    c->push = NULL;
    idle[nidle++] = c;
}


static void
run(int epoll, int timer)
{
    int                n, i;
    uint64_t           ticks, last;
    struct epoll_event events[EVENTS];
    struct itimerspec  at = { 0 };

    last = pushes[ndue - 1].due + GRACE * 1000000000ULL;

    while ((next < ndue || answered < sent) && now() < last) {

        if (next < ndue) {
            at.it_value.tv_sec = (time_t) (pushes[next].due / 1000000000);
            at.it_value.tv_nsec = (long) (pushes[next].due % 1000000000);
            timerfd_settime(timer, TFD_TIMER_ABSTIME,
                nidle ? &at : &(struct itimerspec){ 0 }, NULL);
        }

        n = epoll_wait(epoll, events, EVENTS, 100);

        for (i = 0; i < n; i++) {

            if (events[i].data.ptr) {
                take_answer(events[i].data.ptr);

            } else if (read(timer, &ticks, sizeof(ticks)) == -1
                && errno != EAGAIN) {
                die("timer");
            }
        }

        send_due();
    }
}


static int
compare(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *) one, b = *(const uint32_t *) other;

    return (a > b) - (a < b);
}


static void
sort_times(void)
{
    size_t i;

    times = malloc(sizeof(uint32_t) * ndue);

    for (i = 0; i < ndue; i++) {
        if (pushes[i].status == 200) {
            times[stored++] = pushes[i].us;
        }
    }

    qsort(times, stored, sizeof(uint32_t), compare);
}


static unsigned
percentile(double share)
{
    return stored ? times[(size_t) ((double) (stored - 1) * share)] : 0;
}


static void
write_pushes(const char *name)
{
    size_t i;
    FILE  *out = fopen(name, "w");

    if (out == NULL) {
        die(name);
    }

    for (i = 0; i < ndue; i++) {
        fprintf(out, "%.6f %u %d\n", (double) pushes[i].due / 1e9, pushes[i].us,
            pushes[i].status);
    }

    if (fclose(out) == EOF) {
        die(name);
    }
}


int
main(int argc, char **argv)
{
    int                i, epoll, timer, count;
    struct epoll_event event = { .events = EPOLLIN };

    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: paced PORT CONNECTIONS RATE SECONDS [FILE]\n");
        return 2;
    }

    request_len = (size_t) snprintf(
        request, sizeof(request), HEAD, sizeof(BODY) - 1, BODY);
    plate_at = (size_t) (strstr(request, "PL00000") + 2 - request);

    count = atoi(argv[2]);
    connections = calloc((size_t) count, sizeof(connection_t));
    idle = calloc((size_t) count, sizeof(connection_t *));

    epoll = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);

    for (i = 0; i < count; i++) {
        open_connection(&connections[i], epoll, atoi(argv[1]));
    }

    draw(atof(argv[3]), atof(argv[4]));
    run(epoll, timer);

    if (argc == 6) {
        write_pushes(argv[5]);
    }

    sort_times();

    printf("%zu %zu %u %u %u %u\n", ndue, stored, percentile(0.5),
        percentile(0.99), percentile(0.999), percentile(1));

    return 0;
}
