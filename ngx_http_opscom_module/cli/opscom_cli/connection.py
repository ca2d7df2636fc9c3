"""One Redis server: commands out, replies as they are.

The library does the protocol, AUTH and SELECT.  Replies are left as they come
(no callbacks of the library), so that they are the same in all its versions.
"""

import redis
from redis.exceptions import (BusyLoadingError, ClusterDownError,
                              ConnectionError, MasterDownError, ReadOnlyError,
                              TimeoutError, TryAgainError)

from .errors import Unavailable

# refusals and losses that pass, as the module's own list

PASSING = (BusyLoadingError, ClusterDownError, ConnectionError,
           MasterDownError, ReadOnlyError, TimeoutError, TryAgainError)


class TlsConnection(redis.Connection):
    """TLS with a context of ours: the library's own cannot be told a name."""

    def __init__(self, context, server_name, **arguments):
        self.context = context
        self.server_name = server_name
        super().__init__(**arguments)

    def _connect(self):
        plain = super()._connect()
        try:
            return self.context.wrap_socket(
                plain, server_hostname=self.server_name or self.host)
        except BaseException:
            plain.close()
            raise


class Node:
    """A server at one address.  Methods raise the library's exceptions."""

    def __init__(self, settings, address, sentinel=False):
        self.name = str(address)
        self.host = address.host

        arguments = {
            'socket_timeout': settings.timeout,
            'encoding_errors': 'surrogateescape',
            'decode_responses': True,
        }

        # sentinels have passwords and databases of their own, if any

        if not sentinel:
            arguments.update(username=settings.username,
                             password=settings.password,
                             db=settings.database)

        if address.path:
            arguments.update(connection_class=redis.UnixDomainSocketConnection,
                             path=address.path)
        else:
            arguments.update(host=address.host, port=address.port,
                             socket_connect_timeout=settings.timeout)

        if settings.ssl and not address.path:
            arguments.update(connection_class=TlsConnection,
                             context=settings.ssl,
                             server_name=settings.server_name)

        pool = redis.ConnectionPool(**arguments)
        self.client = redis.Redis(connection_pool=pool)
        self.client.response_callbacks.clear()

    def call(self, *words):
        return self.client.execute_command(*words)

    def pipeline(self, commands):
        """All replies in order; an error is a reply like any other."""
        batch = self.client.pipeline(transaction=False)
        for words in commands:
            batch.execute_command(*words)
        return batch.execute(raise_on_error=False)

    def asking(self, *words):
        """A command for a slot that is being imported here."""
        reply = self.pipeline([('ASKING',), words])[1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def is_master(self):
        """Whether it says so; one that may not be asked is believed to be."""
        try:
            return self.call('ROLE')[0] == 'master'
        except redis.ResponseError as error:
            if isinstance(error, PASSING):
                raise
            return True


def scan(node, pattern, count=1000):
    """Bites of the keys of one node that match, as lists."""
    cursor = '0'
    while True:
        cursor, keys = node.call('SCAN', cursor, 'MATCH', pattern,
                                 'COUNT', count)
        if keys:
            yield keys
        if cursor in ('0', 0):
            return


def pairs(flat):
    """A flat list of names and values as a dict."""
    return dict(zip(flat[::2], flat[1::2]))


def first_that_answers(nodes, ask, what):
    """What ask() says of the first node where it is not None and raises
    nothing; Unavailable, with what each node said, where there is none."""
    said = []

    for node in nodes:
        try:
            answer = ask(node)
        except (redis.RedisError, OSError) as error:
            said.append(f'{node.name}: {error}')
            continue
        if answer is not None:
            return answer
        said.append(f'{node.name}: does not know it')

    raise Unavailable(what + ' (' + '; '.join(said) + ')')
