"""opscom check: whether Redis as it is set up keeps what it acknowledges.

Findings are "bad" (permits are lost or refused, now or at the next restart),
"warn" (a risk that may be accepted), "ok", or "unknown" (not permitted to
ask).  Each rule below takes what Redis says of itself and yields findings.
"""

import time

import redis

from . import output
from .connection import PASSING, pairs
from .errors import DONE, NO
from .rules import Keys
from .topology import SLOTS

CONFIG = ('appendonly', 'appendfsync', 'no-appendfsync-on-rewrite', 'save',
          'maxmemory', 'maxmemory-policy', 'min-replicas-to-write',
          'min-slaves-to-write', 'stop-writes-on-bgsave-error')

# what the module asks of Redis: {} stands for a key of its own

MODULE = [
    'EVALSHA 0 0', 'EVAL return 0', 'PING', 'HGET {}t f', 'HSET {}p f v',
    'HDEL {}p f', 'HMGET {}p f', 'HGETALL {}p', 'ZADD {}i 1 m', 'ZREM {}i m',
    'ZSCORE {}i m', 'ZCOUNT {}i 0 1', 'ZRANGE {}i 0 1',
    'ZRANGEBYSCORE {}i 0 1', 'XADD {}s * f v', 'XDEL {}s 1-1',
    'SISMEMBER {}z m', 'GET {}k', 'SET {}k v', 'DEL {}k', 'EXISTS {}p',
    'TYPE {}s', 'TTL {}i', 'EXPIRE {}p 1', 'EXPIREAT {}p 1', 'PERSIST {}i', 'TIME']


class Facts:
    """What one node says: info and config are dicts, empty if forbidden."""

    def __init__(self, node, settings, user):
        self.node = node
        self.settings = settings
        self.info = self._info()
        self.config = {}
        for name in CONFIG:
            self.config.update(pairs(self.ask('CONFIG', 'GET', name) or []))
        self.user = user or self.ask('ACL', 'WHOAMI')
        self.seconds = self.ask('TIME')

    def ask(self, *words):
        """The reply, or None where Redis does not let us or know it."""
        try:
            return self.node.call(*words)
        except redis.ResponseError as error:
            if isinstance(error, PASSING):
                raise
            return None

    def _info(self):
        lines = (self.ask('INFO') or '').splitlines()
        return dict(line.split(':', 1) for line in lines if ':' in line)


def version(facts):
    text = facts.info.get('valkey_version') \
        or facts.info.get('redis_version')
    name = 'Valkey' if 'valkey_version' in facts.info else 'Redis'
    if not text:
        yield 'unknown', 'version: INFO is not permitted'
    elif int(text.split('.')[0]) < 6:
        yield 'bad', f'{name} {text}: 6.0 or newer is required'
    else:
        yield 'ok', f'{name} {text}'


def role(facts):
    if facts.info.get('role', 'master') != 'master':
        yield 'bad', 'this is a replica: it refuses permits (READONLY)'
    if facts.info.get('loading') == '1':
        yield 'bad', 'Redis is loading its data: permits wait or are refused'
    if facts.info.get('cluster_enabled') == '1' and not facts.settings.cluster:
        yield 'bad', ('this is a node of a cluster: opscom_redis_cluster on'
                      ' and --cluster are required')


def persistence(facts):
    config = facts.config
    if 'appendonly' not in config:
        aof = facts.info.get('aof_enabled')
        if aof is None:
            yield 'unknown', ('persistence: neither CONFIG nor INFO is'
                              ' permitted')
        elif aof == '0':
            yield 'bad', 'the AOF is off: a restart loses permits'
        else:
            yield 'unknown', 'appendfsync: CONFIG GET is not permitted'
    elif config['appendonly'] != 'yes':
        lost = 'what came since the last snapshot' if config.get('save') \
            else 'everything'
        yield 'bad', f'appendonly no: a restart or crash can lose {lost}'
    else:
        yield from _fsync(config)

    yield from _disk(facts)


def _fsync(config):
    fsync = config.get('appendfsync')
    if fsync == 'always':
        yield 'ok', 'appendonly yes, appendfsync always'
    elif fsync == 'everysec':
        yield 'warn', ('appendfsync everysec: a crash of the machine, or of'
                       ' Redis during a slow fsync, loses up to 2 seconds of'
                       ' acknowledged permits')
    else:
        yield 'bad', (f'appendfsync {fsync}: a crash of the machine loses what'
                      ' the kernel had not written')
    if fsync != 'no' and config.get('no-appendfsync-on-rewrite') == 'yes':
        yield 'warn', ('no-appendfsync-on-rewrite yes: no fsync while the AOF'
                       ' is rewritten')


def _disk(facts):
    if facts.info.get('aof_last_write_status', 'ok') != 'ok':
        yield 'bad', 'the last write to the AOF failed: permits are refused'
    if facts.info.get('aof_last_bgrewrite_status', 'ok') != 'ok':
        yield 'warn', 'the last rewrite of the AOF failed'
    if facts.info.get('rdb_last_bgsave_status', 'ok') != 'ok':
        refuses = facts.config.get('save') \
            and facts.config.get('stop-writes-on-bgsave-error') != 'no'
        yield ('bad', 'the last snapshot failed: permits are refused'
               ' (MISCONF)') if refuses else \
              ('warn', 'the last snapshot failed')


def memory(facts):
    policy = facts.config.get('maxmemory-policy') \
        or facts.info.get('maxmemory_policy')
    limit = int(facts.config.get('maxmemory')
                or facts.info.get('maxmemory', 0))
    used = int(facts.info.get('used_memory', 0))

    if policy is None:
        yield 'unknown', 'maxmemory-policy: CONFIG GET is not permitted'
    elif policy == 'noeviction':
        yield 'ok', 'maxmemory-policy noeviction'
    elif limit:
        yield 'bad', f'maxmemory-policy {policy}: permits can be evicted'
    else:
        yield 'warn', (f'maxmemory-policy {policy}: permits can be evicted as'
                       ' soon as maxmemory is set')

    if limit and used >= limit * 0.9:
        yield ('bad' if used >= limit else 'warn',
               f'{used * 100 // limit}% of maxmemory is used: beyond it'
               ' permits are refused (OOM)')
    elif not limit and policy is not None:
        yield 'warn', ('maxmemory 0: without a limit the kernel may kill Redis'
                       ' when memory is short')
    if int(facts.info.get('evicted_keys', 0)):
        yield 'bad', f'{facts.info["evicted_keys"]} keys were evicted'


def replicas(facts):
    if 'connected_slaves' not in facts.info \
            or facts.info.get('role') != 'master':
        return

    states = [dict(part.split('=', 1) for part in value.split(','))
              for name, value in facts.info.items()
              if name.startswith('slave') and name[5:].isdigit()]
    online = sum(one.get('state') == 'online' for one in states)
    least = facts.config.get('min-replicas-to-write') \
        or facts.config.get('min-slaves-to-write')
    good = int(facts.info.get('min_slaves_good_slaves', online))

    if online < len(states):
        yield 'warn', f'{len(states) - online} replicas are not in step'
    if least is None:
        yield 'unknown', 'min-replicas-to-write: CONFIG GET is not permitted'
    elif int(least) > good:
        yield 'bad', (f'min-replicas-to-write {least}, but {good} replicas'
                      ' are good: permits are refused (NOREPLICAS)')
    elif not online:
        yield 'warn', 'no replica: the loss of this machine is the loss of all'
    elif int(least):
        yield 'ok', f'{online} replicas, min-replicas-to-write {least}'
    else:
        yield 'warn', (f'{online} replicas, min-replicas-to-write 0: a'
                       ' failover can lose acknowledged permits, unless'
                       ' opscom_wait_replicas is on; a master that is cut off'
                       ' goes on to accept')


def acl(facts):
    default = facts.ask('ACL', 'GETUSER', 'default')
    if default:
        flags = pairs(default)['flags']
        if 'on' in flags and 'nopass' in flags:
            yield 'warn', ('the user "default" needs no password: everyone'
                           ' who reaches Redis can read and erase permits')

    if facts.user is None:
        yield 'unknown', 'ACL: ACL WHOAMI is not permitted'
        return

    base = Keys(facts.settings.prefix, 'OC-TEST').base
    denied = []
    for text in MODULE:
        words = text.format(base).split()
        reply = facts.ask('ACL', 'DRYRUN', facts.user, *words)
        if reply is None:
            yield 'unknown', (f'ACL of "{facts.user}": ACL DRYRUN (Redis 7.0)'
                              ' is not permitted or known')
            return
        if reply != 'OK':
            denied.append(words[0].lower())

    if denied:
        yield 'bad', (f'the user "{facts.user}" may not do what the module'
                      f' does: {" ".join(denied)}')
    else:
        yield 'ok', f'the user "{facts.user}" may do what the module does'


def clock(facts):
    if facts.seconds:
        off = abs(time.time() - int(facts.seconds[0]))
        if off > 5:
            yield 'warn', (f'the clocks of Redis and of this machine differ'
                           f' by {off:.0f} s: retention counts by both')


RULES = (version, role, persistence, memory, replicas, acl, clock)


def cluster(facts):
    lines = (facts.ask('CLUSTER', 'INFO') or '').splitlines()
    state = dict(line.split(':', 1) for line in lines if ':' in line)

    if not state:
        yield 'unknown', 'cluster state: CLUSTER INFO is not permitted'
        return
    served = int(state['cluster_slots_ok'])
    if state['cluster_state'] != 'ok' or served < SLOTS:
        yield 'bad', (f'cluster state {state["cluster_state"]}: {served} of'
                      f' {SLOTS} slots are served')
    else:
        yield 'ok', f'cluster state ok, {state["cluster_size"]} masters'


def sentinels(topology, name):
    """What each sentinel says of the master."""
    for node in topology.sentinels():
        try:
            said = pairs(node.call('SENTINEL', 'MASTER', name))
            quorum = node.call('SENTINEL', 'CKQUORUM', name)
        except redis.ResponseError as error:
            yield node.name, 'bad', f'sentinel: {error}'
            continue
        except (redis.RedisError, OSError) as error:
            yield node.name, 'warn', f'sentinel: {error}'
            continue
        if int(said['num-other-sentinels']) < 2:
            yield node.name, 'warn', ('fewer than 3 sentinels: the loss of one'
                                      ' can prevent a failover')
        elif int(said['num-slaves']) < 1:
            yield node.name, 'warn', 'sentinel knows no replica of the master'
        else:
            yield node.name, 'ok', f'sentinel: {quorum.partition(".")[0]}'


def check(store, options):
    settings = store.settings
    masters = store.masters()
    rows = []

    if settings.sentinel:
        rows += sentinels(store.topology, settings.sentinel)
    if settings.cluster:
        facts = Facts(masters[0], settings, options.user)
        rows += [(masters[0].name, *found) for found in cluster(facts)]

    for node in masters:
        facts = Facts(node, settings, options.user)
        for rule in RULES:
            rows += [(node.name, *found) for found in rule(facts)]

    output.table([dict(zip(('node', 'level', 'finding'), row))
                  for row in rows], ('level', 'node', 'finding'), options.json)

    levels = {level for _, level, _ in rows}
    failed = 'bad' in levels or options.strict and levels != {'ok'}
    return NO if failed else DONE


COMMANDS = [
    ('check', check, 'report what in Redis may lose or refuse permits',
     'Checks the version, role, persistence, memory limit, replicas, ACL and'
     ' clock of Redis and the state of sentinels and cluster, and reports what'
     ' may lose or refuse permits.  A finding is ok, warn (a risk that may be'
     ' accepted), bad (permits are lost or refused), or unknown (not permitted'
     ' to ask).  The exit code is 1 if one is bad.', [
         (('--user',), {'metavar': 'NAME',
                        'help': 'the ACL user of the module (default: the one'
                                ' that is used here)'}),
         (('--strict',), {'action': 'store_true',
                          'help': 'exit code 1 unless all is ok'}),
         (('--json',), {'action': 'store_true',
                        'help': 'one JSON object per line'})]),
]
