"""opscom token: add, list and revoke the API tokens of a client.

A token comes from the kernel's generator and is printed once; Redis gets its
SHA-256 alone.  A token that exists already is read from standard input, never
from the command line.
"""

import hashlib
import re
import secrets
import sys

from . import output, rules
from .connection import pairs
from .errors import DONE, Failure, UsageError

TOKEN_BYTES = 20    # 160 bits, 40 characters


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def read_token():
    return rules.token(sys.stdin.readline().strip(rules.SPACE))


def add(store, options):
    client = rules.client(options.client)
    label = rules.label(options.label)
    scopes = rules.scopes(options.scope)
    token = read_token() if options.stdin else secrets.token_hex(TOKEN_BYTES)

    key, field = store.keys(client).tokens, digest(token)
    value = ' '.join([label] + scopes)

    if not store.call(client, 'HSETNX', key, field, value) \
            and store.call(client, 'HGET', key, field) != value:
        raise Failure('this token is enrolled already, with another label or'
                      ' other scopes: revoke it first')

    if options.stdin:
        return DONE

    # a token that nobody has seen must not stay valid

    try:
        print(token, flush=True)
    except OSError as error:
        store.call(client, 'HDEL', key, field)
        output.give_up()
        raise Failure(f'the token could not be printed and was revoked:'
                      f' {error.strerror}') from None
    return DONE


def list_tokens(store, options):
    clients = [rules.client(options.client)] if options.client \
        else store.clients('t')
    rows = []

    for client in clients:
        found = pairs(store.call(client, 'HGETALL', store.keys(client).tokens))
        for field, value in sorted(found.items(), key=lambda one: one[1]):
            label, _, scopes = value.partition(' ')
            rows.append({'client': client, 'label': label,
                         'scopes': scopes or 'push update delete',
                         'sha256': field})

    output.table(rows, ('client', 'label', 'scopes', 'sha256'), options.json)
    return DONE


def revoke(store, options):
    client = rules.client(options.client)
    chosen = _choice(options)
    key = store.keys(client).tokens
    found = pairs(store.call(client, 'HGETALL', key))
    fields = [field for field, value in found.items() if chosen(field, value)]

    if not fields:
        raise Failure(f'{client} has no such token')
    if len(fields) > 1 and not options.all:
        raise Failure(f'{len(fields)} tokens fit: --sha256 for one of them,'
                      ' --all for all of them')

    store.call(client, 'HDEL', key, *fields)
    for field in fields:
        output.line(f'revoked {found[field].partition(" ")[0]} {field}')
    return DONE


def _choice(options):
    """What tells the tokens that are meant: label, SHA-256 or the token."""
    given = [options.label is not None, options.sha256 is not None,
             options.stdin]
    if sum(given) != 1:
        raise UsageError('one of LABEL, --sha256 and --stdin is expected')

    if options.stdin:
        wanted = digest(read_token())
        return lambda field, value: field == wanted

    if options.sha256 is not None:
        start = options.sha256.lower()
        if not re.fullmatch(r'[0-9a-f]{8,64}', start):
            raise UsageError('invalid SHA-256: at least its first 8 hex digits'
                             ' are expected')
        return lambda field, value: field.startswith(start)

    return lambda field, value: value.partition(' ')[0] == options.label


COMMANDS = [
    ('token add', add, 'make a token, enrol it and print it once',
     'Generates a token, stores its SHA-256 in Redis and prints the token'
     ' once.  Without scopes a token may push, update and delete, not look up.', [
         (('client',), {'metavar': 'CLIENT', 'help': 'client code'}),
         (('label',), {'metavar': 'LABEL',
                       'help': 'name of the token: "source" of its permits'}),
         (('scope',), {'metavar': 'SCOPE', 'nargs': '*',
                       'help': 'what it is limited to: push, update, delete,'
                               ' lookup'}),
         (('--stdin',), {'action': 'store_true',
                         'help': 'enrol the token on standard input instead'
                                 ' of a new one'}),
     ]),
    ('token list', list_tokens, 'list labels, scopes and SHA-256',
     'Lists the tokens of one client or of all: label, scopes, SHA-256.', [
         (('client',), {'metavar': 'CLIENT', 'nargs': '?',
                        'help': 'client code (default: all)'}),
         (('--json',), {'action': 'store_true',
                        'help': 'one JSON object per line'}),
     ]),
    ('token revoke', revoke, 'revoke a token at once',
     'Revokes a token at once: by its label, by the start of its SHA-256, or'
     ' by the token itself on standard input.', [
         (('client',), {'metavar': 'CLIENT', 'help': 'client code'}),
         (('label',), {'metavar': 'LABEL', 'nargs': '?', 'help': 'its label'}),
         (('--sha256',), {'metavar': 'HEX',
                          'help': 'its SHA-256, or the first 8 or more'
                                  ' digits'}),
         (('--stdin',), {'action': 'store_true',
                         'help': 'the token is on standard input'}),
         (('--all',), {'action': 'store_true',
                       'help': 'revoke all that fit, not one only'}),
     ]),
]
