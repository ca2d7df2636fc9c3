#!/usr/bin/python3
"""A back office reads a client's events with a consumer group.

    feed.py CLIENT READER [GROUP]

Several readers of one group share the events.  An event is acknowledged after
it was handled; what a reader took and did not acknowledge within IDLE ms,
since it died, another one takes over.  So each event is handled at least
once, and handle() must bear to see one twice (by its ID, for example).

OPSCOM_REDIS_URL is a URL of the library (redis://user:password@host:6379/0,
rediss://..., unix:///path), so that a password is not on the command line.
Needs python3-redis, and Redis 6.0 or newer.
"""

import os
import signal
import socket
import sys
import time

import redis

URL = os.environ.get('OPSCOM_REDIS_URL', 'redis://127.0.0.1:6379/0')
PREFIX = os.environ.get('OPSCOM_PREFIX', 'opscom')
IDLE = int(os.environ.get('FEED_IDLE_MS', '60000'))
BATCH = 100
BLOCK = 2000

running = True


def handle(entry, event):
    """Replace this by what the back office does."""
    print(entry, event['event'], event['reference_id'], event['plate'],
          flush=True)


def stop(*_):
    """The batch at hand is handled and acknowledged, then the reader ends."""
    global running
    running = False


def join(server, stream, group):
    """Makes the group, from the oldest event on, where it is not there."""
    try:
        server.xgroup_create(stream, group, id='0', mkstream=True)
    except redis.ResponseError as error:
        if not str(error).startswith('BUSYGROUP'):
            raise


def abandoned(server, stream, group, reader):
    """What others took and have not acknowledged for IDLE ms, now ours.

    XPENDING and XCLAIM rather than XAUTOCLAIM, which Redis 6.0 does not have.
    XCLAIM takes only what is still idle, so that two readers never get the
    same entry.  An entry that was trimmed or erased meanwhile has no fields:
    it is acknowledged, as there is nothing to handle.
    """
    pending = server.xpending_range(stream, group, '-', '+', BATCH)
    idle = [one['message_id'] for one in pending
            if one['time_since_delivered'] >= IDLE]
    if not idle:
        return []

    claimed = server.xclaim(stream, group, reader, IDLE, idle, justid=True)
    taken = []
    for entry in claimed:
        found = server.xrange(stream, entry, entry)
        if found:
            taken += found
        else:
            server.xack(stream, group, entry)
    return taken


def fresh(server, stream, group, reader):
    """Events that no reader has had."""
    answer = server.xreadgroup(group, reader, {stream: '>'}, count=BATCH,
                               block=BLOCK)
    return answer[0][1] if answer else []


def work(server, stream, group, reader):
    """One turn: those of dead readers first, as they are older."""
    for source in abandoned, fresh:
        for entry, event in source(server, stream, group, reader):
            handle(entry, event)
            server.xack(stream, group, entry)


def main():
    if not 3 <= len(sys.argv) <= 4:
        sys.exit('usage: feed.py CLIENT READER [GROUP]')

    client, reader = sys.argv[1:3]
    group = sys.argv[3] if len(sys.argv) == 4 else 'office'
    stream = f'{PREFIX}:{{{client}}}:stream'
    server = redis.Redis.from_url(URL, decode_responses=True,
                                  socket_timeout=BLOCK / 1000 + 5)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    joined = False
    while running:
        try:
            if not joined:
                join(server, stream, group)
                joined = True
            work(server, stream, group, reader)
        except (redis.ConnectionError, redis.TimeoutError,
                redis.ReadOnlyError) as error:
            print(f'{socket.gethostname()}: {error}, again in 1 s',
                  file=sys.stderr)
            time.sleep(1)
        except redis.ResponseError as error:
            # after a failover, or FLUSHALL: the group is gone
            if not str(error).startswith('NOGROUP'):
                raise
            joined = False


if __name__ == '__main__':
    main()
