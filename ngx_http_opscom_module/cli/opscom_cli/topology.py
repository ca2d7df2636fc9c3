"""Which server has the keys of a client: one of a list, the master that the
sentinels name, or the master of the client's slot in a cluster."""

import binascii

from .address import Address
from .connection import Node, first_that_answers
from .errors import Unavailable

SLOTS = 16384


def open_topology(settings):
    if settings.cluster:
        return Cluster(settings)
    if settings.sentinel:
        return Sentinel(settings)
    return Servers(settings)


def slot(client):
    """The slot of the hash tag {client}: CRC16 (XMODEM) modulo 16384."""
    return binascii.crc_hqx(client.encode(), 0) % SLOTS


class Servers:
    """One server, or several of which one is the master."""

    def __init__(self, settings):
        self.settings = settings
        self.found = None
        self.ask_first = None

    def node_of(self, client):
        """The node for a client's keys; Unavailable where there is none."""
        if self.found is None:
            self.found = self._find()
        return self.found

    def masters(self):
        return [self.node_of(None)]

    def forget(self, first=None):
        """What is known may be no longer true: ask again, one node first."""
        self.found = None
        self.ask_first = first

    def _find(self):
        nodes = [Node(self.settings, one) for one in self.settings.addresses]
        replicas = []

        def master(node):
            if node.is_master():
                return node
            replicas.append(node)
            return None

        try:
            return first_that_answers(nodes, master, 'no Redis answers')
        except Unavailable:
            # a replica can be read, and says itself that it is READONLY
            if replicas:
                return replicas[0]
            raise


class Sentinel(Servers):

    def _find(self):
        name = self.settings.sentinel
        sentinels = self.sentinels()

        def master(sentinel):
            found = sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)
            if not found:
                return None
            node = Node(self.settings, Address(found[0], int(found[1])))
            return node if node.is_master() else None

        return first_that_answers(
            sentinels, master, f'no sentinel knows the master "{name}"')

    def sentinels(self):
        return [Node(self.settings, one, sentinel=True)
                for one in self.settings.addresses]


class Cluster(Servers):

    def __init__(self, settings):
        super().__init__(settings)
        self.nodes = {}
        self.seeds = [self._add(one) for one in settings.addresses]

    def node_of(self, client):
        if self.found is None:
            self.found = self._find()

        number = slot(client)
        for first, last, node in self.found:
            if first <= number <= last:
                return node

        raise Unavailable(f'no node of the cluster has slot {number}, that of'
                          f' the client {client}')

    def masters(self):
        if self.found is None:
            self.found = self._find()
        return list({node.name: node for _, _, node in self.found}.values())

    def node_at(self, host, port):
        return self._add(Address(host, port))

    def _add(self, address):
        return self.nodes.setdefault(str(address),
                                     Node(self.settings, address))

    def _find(self):
        def ranges(node):
            found = []
            for first, last, master, *_ in node.call('CLUSTER', 'SLOTS'):
                # without a host it is the one that was asked
                host = master[0] if master[0] not in (None, '', '?') \
                    else node.host
                found.append((first, last, self.node_at(host, master[1])))
            return found or None

        known = ([self.ask_first] if self.ask_first else []) + self.seeds \
            + [node for node in self.nodes.values() if node not in self.seeds]
        return first_that_answers(known, ranges, 'no node of the cluster says'
                                  ' where its slots are')
