"""opscom retention apply: gives an expiry to what was stored without one.

The rule is the module's: a permit lives for the retention after its end or
after it came, whichever is later, and a plate's index as long as its last
permit.  Each bite is one script call, so that no push or update comes between
what is read and what is set.
"""

import os
import time

from . import output, rules, times
from .erase import bites
from .errors import DONE, NO

INDEX_EXACT = 1000  # members of an index that are looked at in one step


def script(*names):
    """The text of a script, from one or more files."""
    folder = os.path.dirname(os.path.abspath(__file__))
    text = ''
    for name in names:
        with open(os.path.join(folder, name), encoding='utf-8') as lines:
            text += lines.read()
    return text


def apply(store, options):
    seconds = times.span(options.span)
    clients = [rules.client(one) for one in options.client]

    if not options.dry_run and not output.confirm(
            f'Permits that ended and came more than {options.span} ago are'
            ' deleted now, others expire then. Continue?', options.yes):
        return NO

    total = [0] * 5
    for client in clients or store.clients('[ps]'):
        done = _client(store, store.keys(client), seconds, options)
        total = [sum(both) for both in zip(total, done)]

    given, right, gone, odd, indexes = total
    output.line(f'permits: {given} given an expiry, {right} had the right one,'
                f' {gone} deleted, {odd} not understood')
    output.line(f'plate indexes: {indexes}')
    if options.dry_run:
        output.line('nothing was changed')
    return DONE


def _client(store, keys, seconds, options):
    dry = '1' if options.dry_run else ''
    total = [0] * 4
    progress = output.Progress(keys.client + ' permits')

    for names in _bites(store, keys, 'permit:*', options):
        done = store.call(keys.client, 'EVAL',
                          script('time.lua', 'retention.lua'),
                          len(names), *names, seconds, keys.plates, dry)
        total = [sum(both) for both in zip(total, done)]
        progress.show(sum(total))
    progress.end()

    indexes = 0
    if not dry:
        indexes = sum(
            store.call(keys.client, 'EVAL', script('index.lua'), len(names),
                       *names, seconds, keys.permits, INDEX_EXACT)
            for names in _bites(store, keys, 'plate:*', options))

    return total + [indexes]


def _bites(store, keys, rest, options):
    for names in store.scan(keys.client, rest):
        for bite in bites(names, options.bite):
            yield bite
            time.sleep(options.pause / 1000)


COMMANDS = [
    ('retention apply', apply, 'set the expiry of what is stored already',
     'Sets the expiry of permits that are stored already, and of the plate'
     ' indexes, as opscom_retention does for new ones: TIME after the end, or'
     ' after the permit was received, whichever is later.  Older permits are'
     ' deleted.  Works in batches while nginx is running; can be repeated.', [
         (('span',), {'metavar': 'TIME', 'help': '90d, 1y: as'
                                                 ' opscom_retention'}),
         (('client',), {'metavar': 'CLIENT', 'nargs': '*',
                        'help': 'client codes (default: all)'}),
         (('--dry-run',), {'action': 'store_true',
                           'help': 'only report what would change'}),
         (('--yes',), {'action': 'store_true', 'help': 'do not ask'}),
         (('--bite',), {'metavar': 'N', 'type': 'positive', 'default': 100,
                        'help': 'keys in a batch (default 100)'}),
         (('--pause',), {'metavar': 'MS', 'type': 'natural', 'default': 1,
                         'help': 'pause between two batches (default 1)'})]),
]
