"""opscom permit erase: removes a plate from Redis.

What goes: the plate's permits, deleted ones too, their places in the index,
their events and all other events of the plate, the idempotency keys that name
one of these permits, and what updates of them keep for a while.  A permit's
hash goes last, so that a run that was interrupted is completed by running it
again.
"""

import re
import time

from . import output, rules
from .connection import pairs
from .errors import DONE, NO
from .permits import CLIENT, PLATE, valid_at

BITE = 500
UUID = re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')


def bites(items, size=BITE):
    items = list(items)
    return [items[i:i + size] for i in range(0, len(items), size)]


def erase(store, options):
    client = rules.client(options.client)
    keys = store.keys(client)
    plate = rules.plate(options.plate)

    found = _permits(store, keys, plate)
    entries = _events(store, keys, plate, found)

    if not found and not entries:
        output.note(f'{client} has nothing of {plate}')
        return NO

    valid = _count_valid(store, keys, found)
    what = f'{len(found)} permits ({valid} valid now), {len(entries)} events'
    if options.dry_run:
        output.line(f'would erase {what}')
        return DONE
    if not output.confirm(f'Erase {what} of {plate}?', options.yes):
        return NO

    for bite in bites(entries):
        store.call(client, 'XDEL', keys.stream, *bite)
    idem = _idempotency(store, keys, found)
    for bite in bites(found):
        store.call(client, 'ZREM', keys.plates + plate, *bite)
        store.call(client, 'UNLINK', *[keys.moved + one for one in bite])
        store.call(client, 'UNLINK', *[keys.permits + one for one in bite])

    output.line(f'erased {len(found)} permits, {len(entries)} events, {idem}'
                ' idempotency keys')
    return DONE


def _permits(store, keys, plate):
    """Reference IDs: what the index has, and all whose hash says so, as a
    deleted permit is no longer in the index."""
    found = set(store.call(keys.client, 'ZRANGE', keys.plates + plate, 0, -1))
    progress = output.Progress('permits searched')
    count = 0

    for names in store.scan(keys.client, 'permit:*'):
        plates = store.pipeline(
            keys.client, [('HGET', name, 'plate') for name in names], True)
        found.update(name[len(keys.permits):]
                     for name, had in zip(names, plates) if had == plate)
        count += len(names)
        progress.show(count)

    progress.end()
    return found


def _events(store, keys, plate, found):
    """IDs of the stream's entries of this plate or of these permits."""
    entries, start = [], '-'
    progress = output.Progress('events searched')
    count = 0

    while True:
        bite = store.call(keys.client, 'XRANGE', keys.stream, start, '+',
                          'COUNT', BITE)
        for entry, flat in bite:
            event = pairs(flat)
            if event.get('plate') == plate \
                    or event.get('reference_id') in found:
                entries.append(entry)
        count += len(bite)
        progress.show(count)
        if len(bite) < BITE:
            progress.end()
            return entries
        start = after(bite[-1][0])


def after(entry):
    """The smallest ID behind an entry ("(" is not known to Redis 6.0)."""
    milliseconds, _, sequence = entry.partition('-')
    return f'{milliseconds}-{int(sequence) + 1}'


def _count_valid(store, keys, found):
    now = time.time()
    return sum(valid_at(pairs(flat), now)
               for bite in bites(found)
               for flat in store.pipeline(
                   keys.client,
                   [('HGETALL', keys.permits + one) for one in bite]))


def _idempotency(store, keys, found):
    """Removes the keys that name one of the permits; returns how many.

    Such a key is a string; what it says of a permit is its reference ID.
    """
    removed = 0

    for names in store.scan(keys.client, 'idem:*') if found else ():
        values = store.pipeline(
            keys.client, [('GET', name) for name in names], True)
        hit = [name for name, value in zip(names, values)
               if isinstance(value, str)
               and not found.isdisjoint(UUID.findall(value))]
        if hit:
            removed += store.call(keys.client, 'UNLINK', *hit)

    return removed


COMMANDS = [
    ('permit erase', erase, 'erase a plate: permits, index, events',
     'Erases a plate: its permits (also those that have ended or were'
     ' deleted), its index, its events in the stream and the idempotency keys'
     ' of its permits.  All keys of the client are searched, in batches.'
     '  Backups, detached replicas and an AOF that has not been rewritten'
     ' keep the data.', [
         CLIENT, PLATE,
         (('--dry-run',), {'action': 'store_true',
                           'help': 'only report what would be erased'}),
         (('--yes',), {'action': 'store_true', 'help': 'do not ask'})]),
]
