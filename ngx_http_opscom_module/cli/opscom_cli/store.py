"""Commands on a client's keys, wherever they are: a passing outage is waited
for, a redirection followed.  Each command here may be executed twice without
harm, which is what makes it safe to send again."""

import time

from redis.exceptions import (AskError, AuthenticationError, MovedError,
                              RedisError)

from .connection import PASSING, scan
from .errors import Unavailable
from .rules import Keys, client_of, glob
from .topology import open_topology

PATIENCE = 10   # seconds that a passing outage may last
PAUSE = 0.1
REDIRECTIONS = 5


class Store:

    def __init__(self, settings):
        self.settings = settings
        self.topology = open_topology(settings)
        self.answered = False

    def keys(self, client):
        return Keys(self.settings.prefix, client)

    def call(self, client, *words):
        """The reply; Unavailable, and Redis's own refusals."""
        return self._run(client, lambda node: node.call(*words), words)

    def pipeline(self, client, commands, tolerant=False):
        """The replies in order, errors among them where "tolerant".  A command
        that was redirected or refused for a reason that passes is sent again
        on its own, so that commands of one pipeline must not depend on each
        other's order."""
        if not commands:
            return []

        replies = self._run(client, lambda node: node.pipeline(commands))

        for i, reply in enumerate(replies):
            if isinstance(reply, (MovedError, AskError) + PASSING):
                replies[i] = self.call(client, *commands[i])
            elif isinstance(reply, Exception) and not tolerant:
                raise reply
        return replies

    def masters(self):
        """All nodes that have keys of their own."""
        return self._patiently(self.topology.masters)

    def node_of(self, client):
        return self._patiently(lambda: self.topology.node_of(client))

    def scan(self, client, rest):
        """Bites of a client's keys whose name goes on so."""
        pattern = self.keys(client).match(rest)
        return scan(self.node_of(client), pattern)

    def clients(self, kinds='[tsz]'):
        """The codes of all clients, sorted; "kinds" is a pattern of what
        follows the hash tag, by default tokens, stream and zones."""
        prefix = self.settings.prefix
        found = set()

        for node in self.masters():
            for keys in scan(node, glob(prefix) + ':{*}:' + kinds + '*'):
                found.update(client_of(prefix, key) for key in keys)

        return sorted(found - {None})

    def _run(self, client, send, words=None):
        redirections = 0

        def once():
            nonlocal redirections
            try:
                return send(self.topology.node_of(client))
            except (MovedError, AskError) as error:
                redirections += 1
                if redirections > REDIRECTIONS:
                    raise Unavailable('too many redirections') from None
                return self._redirected(error, once, words)

        return self._patiently(once)

    def _redirected(self, error, again, words):
        if not self.settings.cluster:
            raise Unavailable('this Redis is a node of a cluster: --cluster is'
                              ' missing') from None
        node = self.topology.node_at(error.host or None, error.port)
        if isinstance(error, AskError) and words:
            return node.asking(*words)

        # the node that was named knows more than those that were asked
        self.topology.forget(first=node)
        return again()

    def _patiently(self, action):
        """What has never answered is not waited for."""
        deadline = time.monotonic() + PATIENCE

        while True:
            try:
                result = action()
                self.answered = True
                return result
            except AuthenticationError as error:
                raise Unavailable(f'Redis: {error}') from None
            except PASSING + (Unavailable,) as error:
                self.topology.forget()
                if not self.answered or time.monotonic() > deadline:
                    raise _unavailable(error) from None
                time.sleep(PAUSE)
            except (RedisError, OSError) as error:
                raise _unavailable(error) from None


def _unavailable(error):
    if isinstance(error, Unavailable):
        return error
    return Unavailable(f'Redis: {error}')
