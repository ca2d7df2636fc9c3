"""opscom zone and opscom client: a client's zones, and all clients."""

import sys

from . import output, rules, times
from .errors import DONE, Failure, UsageError

BITE = 500


def _names(options):
    """The zones on the command line, or one a line on standard input."""
    if bool(options.zone) == options.stdin:
        raise UsageError('either zone names or --stdin is expected')

    names = sys.stdin.read().splitlines() if options.stdin else options.zone
    names = [rules.zone(name) for name in names if name.strip(rules.SPACE)]
    if not names:
        raise UsageError('no zone name is given')
    return names


def _change(store, options, command):
    client = rules.client(options.client)
    names = _names(options)
    return sum(store.call(client, command, store.keys(client).zones,
                          *names[i:i + BITE])
               for i in range(0, len(names), BITE))


def add(store, options):
    output.line(f'{_change(store, options, "SADD")} added')
    return DONE


def remove(store, options):
    removed = _change(store, options, 'SREM')
    if not removed:
        raise Failure('no such zone')
    output.line(f'{removed} removed')
    return DONE


def list_zones(store, options):
    client = rules.client(options.client)
    zones = sorted(store.call(client, 'SMEMBERS', store.keys(client).zones))

    if options.json:
        output.table([{'client': client, 'zone': zone} for zone in zones],
                     (), True)
    else:
        for zone in zones:
            output.line(zone)
    return DONE


def clients(store, options):
    rows = []

    for client in store.clients():
        keys = store.keys(client)
        tokens, zones, events, last = store.pipeline(client, [
            ('HLEN', keys.tokens), ('SCARD', keys.zones),
            ('XLEN', keys.stream),
            ('XREVRANGE', keys.stream, '+', '-', 'COUNT', 1)])
        rows.append({
            'client': client, 'tokens': tokens, 'zones': zones,
            'events': events,
            'last': times.utc(int(last[0][0].split('-')[0]) / 1000)
                    if last else ''})

    output.table(rows, ('client', 'tokens', 'zones', 'events', 'last'),
                 options.json)
    return DONE


CLIENT = (('client',), {'metavar': 'CLIENT', 'help': 'client code'})
ZONE = (('zone',), {'metavar': 'ZONE', 'nargs': '*', 'help': 'zone name'})
STDIN = (('--stdin',), {'action': 'store_true',
                        'help': 'read the names from standard input, one a'
                                ' line'})
JSON = (('--json',), {'action': 'store_true',
                      'help': 'one JSON object per line'})

COMMANDS = [
    ('zone add', add, 'add zones that a client knows',
     'Adds zones: permits pushed from now on for such a zone are stored with'
     ' zone_status "connected".', [CLIENT, ZONE, STDIN]),
    ('zone remove', remove, 'remove zones',
     'Removes zones: permits pushed from now on for such a zone are stored'
     ' with zone_status "disconnected".', [CLIENT, ZONE, STDIN]),
    ('zone list', list_zones, 'list the zones of a client',
     'Lists the zones of a client, one per line.', [CLIENT, JSON]),
    ('client list', clients, 'list all clients',
     'Lists all clients that have tokens, zones or events, with the number of'
     ' each and the time of the last event.', [JSON]),
]
