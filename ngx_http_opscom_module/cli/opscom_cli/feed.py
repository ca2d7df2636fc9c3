"""opscom feed: prints the events of a client as they come."""

import re
import time

import redis

from . import output, rules, times
from .connection import PASSING, pairs
from .erase import after
from .errors import DONE, UsageError

BITE = 500


def feed(store, options):
    client = rules.client(options.client)
    key = store.keys(client).stream
    last = _start(store, client, key, options)
    left = options.count

    while left is None or left > 0:
        bite = store.call(client, 'XRANGE', key, after(last), '+', 'COUNT',
                          min(BITE, left or BITE))
        for entry, flat in bite:
            _print(client, entry, pairs(flat), options)
            last = entry
        if left is not None:
            left -= len(bite)
        if not bite:
            if options.no_follow:
                break
            _wait(store, client, key, last)

    return DONE


def _start(store, client, key, options):
    """The ID behind which to begin."""
    if options.after is not None:
        if not re.fullmatch(r'\d+(-\d+)?', options.after, re.ASCII):
            raise UsageError('invalid ID: that of an event, or 0, is expected')
        return options.after if '-' in options.after else options.after + '-0'

    if options.no_follow:
        return '0-0'

    newest = store.call(client, 'XREVRANGE', key, '+', '-', 'COUNT', 1)
    return newest[0][0] if newest else '0-0'


def _wait(store, client, key, last):
    """Until there is more, or for half of the time-out."""
    milliseconds = int(store.settings.timeout * 500)
    try:
        store.node_of(client).call('XREAD', 'COUNT', 1, 'BLOCK', milliseconds,
                                   'STREAMS', key, last)
    except PASSING + (redis.ResponseError,):
        # whatever it is, the next read says so, or is redirected
        time.sleep(0.1)


def _print(client, entry, event, options):
    if options.json:
        output.record({'id': entry, 'client': client, **event})
        return

    when = times.utc(int(entry.partition('-')[0]) / 1000)
    head = ' '.join([entry, when, event.pop('event', '?'),
                     event.pop('reference_id', '?'), event.pop('plate', '?')])
    output.line(head + ''.join(f' {name}={value}'
                               for name, value in event.items()))


COMMANDS = [
    ('feed', feed, 'follow the events of a client',
     'Prints each push, update and delete of a client as it comes, until it is'
     ' interrupted.  It waits during a short outage of Redis.', [
         (('client',), {'metavar': 'CLIENT', 'help': 'client code'}),
         (('--after',), {'metavar': 'ID',
                         'help': 'begin after that event; 0 for the oldest'
                                 ' (default: what comes from now on)'}),
         (('--count',), {'metavar': 'N', 'type': 'positive',
                         'help': 'end after N events'}),
         (('--no-follow',), {'action': 'store_true',
                             'help': 'end after the last event'}),
         (('--json',), {'action': 'store_true',
                        'help': 'one JSON object per line'})]),
]
