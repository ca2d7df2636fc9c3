"""Where Redis is and how it is spoken to: options and the environment.

Each option has the name of a directive, and an environment variable with the
directive's name in upper case.  A password is taken from a file or from the
environment only: what stands on a command line can be read by every user of
the machine.
"""

import argparse
import os
import ssl

from . import address
from .errors import UsageError

# option, environment, metavar (None: a switch), help

OPTIONS = [
    ('--redis', 'OPSCOM_REDIS', 'ADDRESS',
     'host:port, unix:/path, redis:// or rediss:// URL without a password;'
     ' several as several options or separated by spaces'
     ' (default 127.0.0.1:6379)'),
    ('--cluster', 'OPSCOM_REDIS_CLUSTER', None,
     'the addresses are nodes of a Redis Cluster'),
    ('--sentinel', 'OPSCOM_REDIS_SENTINEL', 'NAME',
     'the addresses are sentinels, which are asked for the master NAME'),
    ('--username', 'OPSCOM_REDIS_USERNAME', 'NAME', 'ACL user'),
    ('--password-file', 'OPSCOM_REDIS_PASSWORD_FILE', 'FILE',
     'file whose first line is the password'),
    ('--database', 'OPSCOM_REDIS_DATABASE', 'N', 'database (default 0)'),
    ('--tls', 'OPSCOM_REDIS_TLS', None, 'use TLS'),
    ('--tls-ca', 'OPSCOM_REDIS_TLS_CA', 'FILE',
     'trusted authorities, PEM (default: those of the system)'),
    ('--tls-certificate', 'OPSCOM_REDIS_TLS_CERTIFICATE', 'FILE',
     'client certificate, PEM'),
    ('--tls-certificate-key', 'OPSCOM_REDIS_TLS_CERTIFICATE_KEY', 'FILE',
     'its key'),
    ('--tls-server-name', 'OPSCOM_REDIS_TLS_SERVER_NAME', 'NAME',
     'name that the certificate must have (default: the host)'),
    ('--prefix', 'OPSCOM_PREFIX', 'TEXT',
     'prefix of all keys, as opscom_prefix (default opscom)'),
    ('--timeout', 'OPSCOM_REDIS_TIMEOUT', 'SECONDS',
     'for connecting and for each reply (default 5)'),
]

SWITCH = {'': False, '0': False, 'off': False, '1': True, 'on': True}


class Settings:
    """What the options say, checked; "ssl" is a context, or None."""

    def __init__(self, options, environ=os.environ):
        given = {name: _given(option, name, options, environ)
                 for option, name, _, _ in OPTIONS}
        servers = given['OPSCOM_REDIS'] or '127.0.0.1:6379'

        if isinstance(servers, list):
            servers = ' '.join(servers)
            _refuse_password(servers)

        self.addresses = [address.parse(text) for text in servers.split()]
        if not self.addresses:
            raise UsageError('no address is given')

        self.cluster = bool(given['OPSCOM_REDIS_CLUSTER'])
        self.sentinel = given['OPSCOM_REDIS_SENTINEL']
        self.prefix = _prefix(given['OPSCOM_PREFIX'] or 'opscom')
        self.timeout = _seconds(given['OPSCOM_REDIS_TIMEOUT'] or '5')

        self.username = given['OPSCOM_REDIS_USERNAME'] \
            or self._of_urls('username')
        self.password = _password(given['OPSCOM_REDIS_PASSWORD_FILE'], environ)
        if self.password is None:
            self.password = self._of_urls('password')
        if self.password is None:
            self.password = environ.get('REDISCLI_AUTH') or None

        self.database = _database(given['OPSCOM_REDIS_DATABASE'])
        if self.database is None:
            self.database = self._of_urls('database') or 0

        if self.cluster and self.sentinel:
            raise UsageError('--cluster and --sentinel exclude each other')
        if self.cluster and self.database:
            raise UsageError('a cluster has database 0 only')

        self.server_name = given['OPSCOM_REDIS_TLS_SERVER_NAME']
        self.ssl = self._ssl(given)

    def _of_urls(self, name):
        """What the URLs say of it; they must agree."""
        values = {getattr(one, name) for one in self.addresses} - {None}

        if len(values) > 1:
            raise UsageError(f'the addresses give more than one {name}')
        return values.pop() if values else None

    def _ssl(self, given):
        secure = {one.tls for one in self.addresses}

        if not (given['OPSCOM_REDIS_TLS'] or True in secure):
            for name in ('CA', 'CERTIFICATE', 'CERTIFICATE_KEY'):
                if given['OPSCOM_REDIS_TLS_' + name]:
                    raise UsageError('TLS is off: --tls or a rediss:// URL is'
                                     ' missing')
            return None

        if not given['OPSCOM_REDIS_TLS'] and secure == {True, False}:
            raise UsageError('all addresses use TLS or none does')

        certificate = given['OPSCOM_REDIS_TLS_CERTIFICATE']
        key = given['OPSCOM_REDIS_TLS_CERTIFICATE_KEY']
        if bool(certificate) != bool(key):
            raise UsageError('--tls-certificate and --tls-certificate-key'
                             ' belong together')

        try:
            context = ssl.create_default_context(
                cafile=given['OPSCOM_REDIS_TLS_CA'])
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if certificate:
                context.load_cert_chain(certificate, key)
        except OSError as error:
            raise UsageError(f'a TLS file cannot be used: {error}') from None

        return context


def add_to(parser, default=None, hidden=False):
    """Adds the options to an argparse parser; a hidden one has no help."""
    group = parser.add_argument_group('Redis')

    for option, name, metavar, text in OPTIONS:
        text = argparse.SUPPRESS if hidden else f'{text} [{name}]'
        if metavar is None:
            group.add_argument(option, action='store_const', const='on',
                               default=default, help=text)
        elif option == '--redis':
            group.add_argument(option, action='append', metavar=metavar,
                               default=default, help=text)
        else:
            group.add_argument(option, metavar=metavar, default=default,
                               help=text)


def _given(option, name, options, environ):
    value = getattr(options, option[2:].replace('-', '_'), None)
    if value is None:
        value = environ.get(name) or None

    if option in ('--cluster', '--tls') and value is not None:
        if value not in SWITCH:
            raise UsageError(f'{name} must be "on" or "off"')
        return SWITCH[value]

    return value


def _refuse_password(servers):
    for text in servers.split():
        if address.parse(text).password is not None:
            raise UsageError(
                'a password on the command line can be read by every user of'
                ' this machine (and was, just now): use --password-file, or'
                ' the environment variable OPSCOM_REDIS')


def _password(file, environ):
    if file is None:
        return environ.get('OPSCOM_REDIS_PASSWORD') or None

    try:
        with open(file, encoding='utf-8', errors='surrogateescape') as lines:
            password = lines.readline().rstrip('\r\n')
    except OSError as error:
        raise UsageError(f'{file}: {error.strerror}') from None

    if not password:
        raise UsageError(f'{file}: its first line is empty')
    return password


def _prefix(text):
    if any(c in '{}' or not '!' <= c <= '~' for c in text):
        raise UsageError('invalid prefix: it must be visible ASCII without'
                         ' braces')
    return text


def _database(text):
    if text is None:
        return None
    database = address.number(text)
    if database is None:
        raise UsageError(f'invalid database "{text}"')
    return database


def _seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0.1 <= seconds <= 3600:
        raise UsageError(f'invalid timeout "{text}": 0.1 to 3600 seconds')
    return seconds
