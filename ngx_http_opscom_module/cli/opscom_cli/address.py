"""Addresses of Redis, as the directive opscom_redis takes them:

    host:port   host   [::1]:6379   unix:/path
    redis://[user[:password]@]host[:port][/database]   rediss://...
"""

from urllib.parse import unquote

from .errors import UsageError

PORT = 6379


class Address:
    """Where one server listens, and what its URL says besides.

    Either path or host and port are set; username, password and database are
    None where the URL does not give them.
    """

    def __init__(self, host=None, port=PORT, path=None):
        self.host = host
        self.port = port
        self.path = path
        self.tls = False
        self.username = None
        self.password = None
        self.database = None

    def __str__(self):
        if self.path:
            return 'unix:' + self.path
        return f'[{self.host}]:{self.port}' if ':' in self.host \
            else f'{self.host}:{self.port}'


def parse(text):
    """One address; UsageError, which never repeats a password."""
    scheme, separator, rest = text.partition('://')

    if not separator:
        return _server(text)

    if scheme not in ('redis', 'rediss'):
        raise UsageError('invalid address: a URL starts with redis:// or'
                         ' rediss://')

    # an "@" or a "/" of the password itself is written %40 or %2F

    user, at, server = rest.partition('@')
    if not at:
        user, server = '', rest
    server, slash, database = server.partition('/')

    address = _server(server)
    address.tls = scheme == 'rediss'

    if at:
        username, colon, password = user.partition(':')
        address.username = unquote(username) or None
        address.password = unquote(password) if colon else None

    if slash and database:
        address.database = number(database)
        if address.database is None:
            raise UsageError('invalid address: the database must be a number')

    return address


def _server(text):
    if text.startswith('unix:'):
        if text == 'unix:':
            raise UsageError('invalid address "unix:": the path is missing')
        return Address(path=text[len('unix:'):])

    if text.startswith('['):
        host, bracket, port = text[1:].partition(']')
        if not bracket or (port and not port.startswith(':')):
            raise UsageError(f'invalid address "{text}": [address]:port is'
                             ' expected')
        return Address(_host(host), _port(port[1:]) if port else PORT)

    host, colon, port = text.partition(':')
    if ':' in port:
        raise UsageError(f'invalid address "{text}": an IPv6 address stands'
                         ' in brackets, [::1]:6379')

    return Address(_host(host), _port(port) if colon else PORT)


def _host(text):
    if not text or '@' in text or any(c.isspace() for c in text):
        raise UsageError('invalid address: host:port, unix:/path or a'
                         ' redis:// URL is expected')
    try:
        text.encode('idna')     # as the library does, which catches nothing
    except UnicodeError:
        raise UsageError(f'invalid host "{text}"') from None
    return text


def _port(text):
    port = number(text)
    if port and port < 65536:
        return port
    raise UsageError(f'invalid port "{text}"')


def number(text):
    """A number of at most nine digits, or None."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return None
