# SPDX-License-Identifier: Apache-2.0
"""Several processes of the shop over one store, clients that keep them busy, and what must be true
when all has calmed down."""
import http.client
import json
import os
import random
import re
import signal
import struct
import sys
import threading
import time
import urllib.error

from placed import Process
from shop import DECLINED_CARD, POISON, Problem, Shop, settle, wait_until, waiting

ROLES = ('http', 'worker', 'all')

# A lease that is short, so that what a killed process had taken goes on soon; and short waits
# between attempts, so that poison is dead soon.
ARGUMENTS = ('--lease', '2', '--retry', '20', '--log', 'warn', '--sample', '0')

CLIENTS = 4

# Deliveries that wait; above it clients place orders at leisure.
BUSY, PAUSE, LONG_PAUSE = 300, 0.01, 0.25


def fault_points(program):
    """The names of all points at which the program may be told to die: the texts in its section
    "fault_points" (src/base/fault_point.h)."""
    with open(program, 'rb') as file:
        elf = file.read()
    if elf[:6] != b'\x7fELF\x02\x01':
        raise RuntimeError(f'{program} is not an ELF file of 64 bits')
    table, size, count, names = (struct.unpack_from('<Q', elf, 40) +
                                 struct.unpack_from('<HHH', elf, 58))
    sections = [struct.unpack_from('<IIQQQQ', elf, table + i * size) for i in range(count)]
    for section in sections:
        at = sections[names][4] + section[0]
        if elf[at:elf.index(b'\0', at)] == b'fault_points':
            text = elf[section[4]:section[4] + section[5]]
            return sorted({name.decode() for name in text.split(b'\0') if name})
    return []


class Load:
    """Clients that place orders, each again with its key until it is answered, and now and then put
    something into stock."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.answered = {}  # key to order
        self.restocked = []  # product and number
        self.pause = PAUSE
        self.stopping = False
        self.failure = None
        self.threads = [threading.Thread(target=self.run, args=(i, random.Random(seed + i)))
                        for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self, chance, module, what):
        """What `what` returns for some node that has the module; None where it is not known whether it
        was done."""
        nodes = self.cluster.who_serves(module)
        try:
            return what(chance.choice(nodes)) if nodes else None
        except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError):
            return None  # it was killed before, or while, it answered
        except Problem as problem:
            if problem.status < 500 and problem.status != 409:
                raise
            return None

    def place(self, key, chance):
        poisoned = key.endswith('-1') or chance.random() < 0.03
        order = {'sku': chance.choice(('tea', 'tea', 'mug', 'teapot')),
                 'quantity': chance.randint(1, 3),
                 'card': chance.choice(('4242', '4242', DECLINED_CARD)),
                 'customer': POISON if poisoned else 'Ada',
                 'flow': chance.choice(('choreography', 'saga'))}
        while not self.stopping:
            found = self.ask(chance, 'orders',
                             lambda node: node.place(key=key, patience=10, **order))
            if found:
                self.answered[key] = int(found)
                return
            time.sleep(0.005)

    def restock(self, chance):
        sku, quantity = chance.choice(('tea', 'mug')), chance.randint(1, 9)
        number = self.ask(chance, 'inventory',
                          lambda node: node.restock(sku, quantity, patience=10))
        if number:
            self.restocked.append((sku, number))

    def run(self, client, chance):
        number = 0
        try:
            while not self.stopping:
                number += 1
                if number > 1 and chance.random() < 0.2:
                    self.restock(chance)
                else:
                    self.place(f'{client}-{number}', chance)
                time.sleep(self.pause * chance.uniform(0.5, 1.5))
        except Exception as error:
            self.failure = error

    def await_first(self):
        """Until the first order of each client is answered, which is poison: none may be yet, where
        nodes take their time to start. For nodes that nobody kills."""
        first = {f'{i}-1' for i in range(CLIENTS)}
        wait_until(lambda: self.failure or first <= self.answered.keys(), 'no order is answered')

    def end(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        if self.failure:
            raise self.failure


class Cluster:
    """Nodes of these roles, or the processes of a Deployment, which answer all at first; each may be
    told to die at a fault point when it is started."""

    def __init__(self, program, store, roles=ROLES, arguments=ARGUMENTS, environment=None,
                 deployment=None):
        self.program, self.store, self.arguments = program, store, arguments
        self.deployment = deployment
        self.roles = list(deployment.modules) if deployment else roles
        self.environment = environment or {}
        self.nodes = [None] * len(self.roles)
        self.points = [None] * len(self.roles)
        self.died_at = {}  # fault point to how often
        self.odd = []
        for i in range(len(self.roles)):
            self.start(i)
        for i in range(len(self.roles)):
            self.wait_for_address(i)

    def start(self, i, point=None):
        environment = dict(self.environment)
        if point:
            environment['ASHLAR_FAULT_POINT'] = point
        self.points[i] = point
        if self.deployment:
            self.nodes[i] = Process(self.program, self.store, self.deployment.file, self.roles[i],
                                    *self.arguments, wait=False, environment=environment)
        else:
            self.nodes[i] = Shop(self.program, self.store, *self.arguments, role=self.roles[i],
                                 wait=False, listens=True, environment=environment)

    def who_serves(self, module):
        """The nodes that answer requests to the module, as far as they are known to answer."""
        def serves(node):
            return (module in self.deployment.modules[node.name] if self.deployment
                    else node.role != 'worker')
        return [node for node in self.nodes if node and node.address and serves(node)]

    def wait_for_address(self, i):
        node = self.nodes[i]
        wait_until(lambda: node.address or node.process.poll() is not None, 'the shop did not start')
        if not node.address:
            raise RuntimeError('the shop did not start: ' + node.told()[-2000:])

    def kill(self, i):
        """Kills it where it has not died by itself, at its point; all other ends are odd."""
        node, point, self.nodes[i] = self.nodes[i], self.points[i], None
        status = node.kill()
        if status == -signal.SIGKILL and point:
            name = point.split(':')[0]
            self.died_at[name] = self.died_at.get(name, 0) + 1
        elif status is not None:
            self.odd.append(f'a node ({self.roles[i]}, {point}) ended by itself with {status}:'
                            f' {node.told()[-1000:]}')

    def restart(self, i, point=None):
        self.kill(i)
        self.start(i, point)

    def end(self):
        """Asks all to end."""
        for i, node in enumerate(self.nodes):
            if node:
                status = node.end()
                if status and not (status == -signal.SIGKILL and self.points[i]):
                    self.odd.append(f'{self.roles[i]} ended with {status} when it was asked to:'
                                    f' {node.told()[-1000:]}')
        self.nodes = [None] * len(self.roles)

    def close(self):
        for node in self.nodes:
            if node:
                node.close()

    def complaints(self):
        """What sanitizers said."""
        found = []
        for name in sorted(os.listdir(self.store.data)):
            if name.endswith('.log'):
                path = os.path.join(self.store.data, name)
                with open(path, encoding='utf-8', errors='replace') as log:
                    text = log.read()
                at = re.search(r'.*(Sanitizer|runtime error).*', text)
                if at:
                    found.append(text[at.start():at.start() + 3000])
        return found


def check(cluster, load, patience):
    """Waits until all is quiet; what is wrong then, and how much there was of what."""
    store = cluster.store
    found = settle(store, cluster.program, patience)
    placed, restocks, events, dead, sagas = store.ask([
        'select idempotency_key, order_id from orders.placed',
        'select sku, restocks from inventory.product',
        'select count(*) from ashlar_event.inbox',
        'select count(*) from ashlar_event.delivery where state = 2',
        'select count(*) from ashlar_saga.saga'])
    orders, most = dict(placed), dict(restocks)
    lost = [key for key, order in load.answered.items() if orders.get(key) != order]
    lost += [again for again in load.restocked if again[1] > most[again[0]]]
    if lost:
        found['orders or goods that were answered and are not there'] = lost[:5]
    if len(set(load.restocked)) != len(load.restocked):
        found['goods that were answered with one number twice'] = len(load.restocked)
    if cluster.odd:
        found['ends of processes that nobody asked for'] = cluster.odd[:5]
    complaints = cluster.complaints()
    if complaints:
        found['what sanitizers found'] = complaints[:2]
    return found, {'orders': len(orders), 'answered': len(load.answered),
                   'restocks': sum(most.values()), 'handled': events[0][0], 'dead': dead[0][0],
                   'sagas': sagas[0][0]}


def pace(cluster, load):
    """Slows the clients down where deliveries pile up; how many wait."""
    behind = waiting(cluster.store)
    load.pause = PAUSE if behind < BUSY else LONG_PAUSE
    return behind


def say_how_far(number, rounds, started, load, behind):
    """Now and then, of a long run."""
    if number % 25 == 0:
        left = (time.monotonic() - started) / number * (rounds - number)
        print(f'round {number} of {rounds}, {len(load.answered)} orders answered,'
              f' {behind} deliveries wait; {left:.0f} s left', flush=True)


def keep(path, summary):
    """Prints it, and keeps it in a file, where one is named, with the command."""
    print(json.dumps(summary))
    if path:
        command = ' '.join(word for word in [os.path.basename(sys.argv[0]), *sys.argv[2:]])
        with open(path, 'w', encoding='utf-8') as file:
            json.dump({'command': f'tests/app/{command}', **summary}, file, indent=1)
            file.write('\n')


def tell(found):
    for name, rows in found.items():
        print(f'WRONG: {name}: {rows}')
