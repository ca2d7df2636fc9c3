"""opscom permit show and find: what is stored of a permit or of a plate."""

import time

from . import output, rules, times
from .connection import pairs
from .errors import DONE, NO, Failure

BITE = 500
COLUMNS = ('reference_id', 'valid', 'plate', 'start', 'end', 'zone', 'ticket')


def valid_at(permit, moment):
    """Whether a stored permit is valid then; one not of the module is not."""
    try:
        return int(permit['start_ts']) <= moment < int(permit['end_ts']) \
            and 'deleted_at' not in permit
    except (KeyError, ValueError):
        return False


def show(store, options):
    client = rules.client(options.client)
    key = store.keys(client).permits + rules.reference_id(options.reference_id)
    flat, ttl = store.pipeline(client, [('HGETALL', key), ('TTL', key)])
    permit = pairs(flat)

    if not permit:
        raise Failure(f'{client} has no such permit')
    if ttl >= 0:
        permit['expires'] = times.utc(time.time() + ttl)

    if options.json:
        output.record(permit)
        return DONE

    width = max(map(len, permit))
    for name in sorted(permit):
        output.line(f'{name.ljust(width)}  {permit[name]}')
    return DONE


def find(store, options):
    client = rules.client(options.client)
    keys = store.keys(client)
    plate = rules.plate(options.plate)
    zone = rules.zone(options.zone) if options.zone else None
    moment = times.moment(options.at) if options.at else int(time.time())
    after = '-inf' if options.all else f'({moment}'
    shown = 0

    for ids in _index(store, client, keys.plates + plate, after):
        permits = map(pairs, store.pipeline(
            client, [('HGETALL', keys.permits + one) for one in ids]))
        rows = [{**permit,
                 'valid': 'yes' if valid_at(permit, moment) else 'no'}
                for permit in permits
                if permit and zone in (None, permit.get('zone'))]
        shown += len(rows)
        output.table(rows, COLUMNS, options.json)

    return DONE if shown else NO


def _index(store, client, key, after):
    """Bites of the reference IDs of a plate, the soonest end first."""
    offset = 0
    while True:
        ids = store.call(client, 'ZRANGEBYSCORE', key, after, '+inf',
                         'LIMIT', offset, BITE)
        if ids:
            yield ids
        if len(ids) < BITE:
            return
        offset += BITE


CLIENT = (('client',), {'metavar': 'CLIENT', 'help': 'client code'})
PLATE = (('plate',), {'metavar': 'PLATE',
                      'help': 'licence plate, in any case, with or without'
                              ' spaces and "-"'})
JSON = (('--json',), {'action': 'store_true',
                      'help': 'one JSON object per line'})

COMMANDS = [
    ('permit show', show, 'show what is stored of a permit',
     'Shows all stored fields of a permit, of an ended or deleted one too, and'
     ' when it expires, if it does.', [
         CLIENT,
         (('reference_id',), {'metavar': 'REFERENCE-ID',
                              'help': 'its reference ID'}), JSON]),
    ('permit find', find, 'find the permits of a plate',
     'Finds the permits of a plate that end after now, those that have not'
     ' begun yet included, the soonest end first.', [
         CLIENT, PLATE,
         (('--all',), {'action': 'store_true', 'help': 'ended ones too'}),
         (('--at',), {'metavar': 'TIME',
                      'help': 'that moment instead of now, UTC:'
                              ' 2018-07-02T09:00:00'}),
         (('--zone',), {'metavar': 'ZONE', 'help': 'of that zone only'}),
         JSON]),
]
