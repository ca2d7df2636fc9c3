"""What a client code, a label, a token, a zone and a plate may be: the rules
of the module, applied before anything reaches Redis; and the names of the
keys."""

import re

from .errors import UsageError

SCOPES = ('push', 'update', 'delete', 'lookup')
LABEL_MAX = 64
ZONE_MAX = 200
PLATE_MAX = 25
SPACE = ' \t\r\n'


def client(text):
    if re.fullmatch(r'[A-Za-z0-9._-]{1,64}', text):
        return text
    raise UsageError('invalid client code: 1 to 64 characters of A-Z, a-z,'
                     ' 0-9, ".", "_" and "-"')


def label(text):
    """A label is a word of the access log and a label of a metric."""
    if 0 < len(text) <= LABEL_MAX and text.isprintable() \
            and not any(c.isspace() for c in text):
        return text
    raise UsageError(f'invalid label: 1 to {LABEL_MAX} printable characters'
                     ' without spaces')


def scopes(words):
    """The scopes in their usual order, each once."""
    for word in words:
        if word not in SCOPES:
            raise UsageError(f'unknown scope "{word}": {", ".join(SCOPES)}')
    return [scope for scope in SCOPES if scope in words]


def token(text):
    if re.fullmatch(r'[A-Za-z0-9-]{1,50}', text):
        return text
    raise UsageError('invalid token: 1 to 50 characters of A-Z, a-z, 0-9'
                     ' and "-"')


def zone(text):
    text = text.strip(SPACE)
    if 0 < len(text) <= ZONE_MAX and not _controls(text):
        return text
    raise UsageError(f'invalid zone name: 1 to {ZONE_MAX} characters, none of'
                     ' them a control character')


def plate(text):
    """The normal form, under which the module indexes a plate."""
    text = text.strip(SPACE)
    normal = ''.join(c.upper() if c.isascii() else c
                     for c in text if c not in ' -')
    if normal and len(text) <= PLATE_MAX and not _controls(text):
        return normal
    raise UsageError(f'invalid plate: 1 to {PLATE_MAX} characters, none of'
                     ' them a control character')


def reference_id(text):
    if re.fullmatch(r'[A-Za-z0-9-]{1,50}', text):
        return text
    raise UsageError('invalid reference ID: 1 to 50 characters of A-Z, a-z,'
                     ' 0-9 and "-"')


def _controls(text):
    return any(c < ' ' or c == '\x7f' or '\ud800' <= c <= '\udfff'
               for c in text)


class Keys:
    """The keys of one client, which share the hash tag {client}."""

    def __init__(self, prefix, code):
        self.client = code
        self.base = f'{prefix}:{{{code}}}:'
        self.tokens = self.base + 'tokens'
        self.zones = self.base + 'zones'
        self.stream = self.base + 'stream'
        self.permits = self.base + 'permit:'
        self.plates = self.base + 'plate:'
        self.moved = self.base + 'moved:'

    def match(self, rest):
        """A pattern for SCAN: this client's keys that start so."""
        return glob(self.base) + rest


def glob(text):
    """Text as a pattern that matches nothing else."""
    return re.sub(r'([][*?\\^])', r'\\\1', text)


def client_of(prefix, key):
    """The client whose key this is, or None."""
    start = prefix + ':{'
    code, brace, _ = key[len(start):].partition('}:')
    valid = key.startswith(start) and brace \
        and re.fullmatch(r'[A-Za-z0-9._-]{1,64}', code)
    return code if valid else None
