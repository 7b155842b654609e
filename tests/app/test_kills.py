#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing twice: test_kills.py SHOP [SECONDS [SEED]]

Kills the shop (SIGKILL) at random under load, again and again, and starts it anew. In the end each
order that was answered is there, and each that is there has each effect once.
"""
import os
import random
import sys
import tempfile
import threading
import time
import urllib.error

from shop import DECLINED_CARD, Problem, Shop, count, settle

CLIENTS = 4

# Between two orders of a client, so that what is to be delivered does not pile up past the end.
PAUSE = 0.05


class Load:
    """Clients that place orders, each again with its key until it is answered."""

    def __init__(self, shop, seed):
        self.shop = shop
        self.answered = {}  # key to order
        self.stopping = False
        self.failure = None
        self.threads = [threading.Thread(target=self.run, args=(i, random.Random(seed + i)))
                        for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def place(self, key, what):
        while not self.stopping:
            try:
                return self.shop.place(key=key, **what)
            except (OSError, urllib.error.URLError):
                time.sleep(0.01)
            except Problem as problem:
                if problem.status < 500 and problem.status != 409:
                    raise
                time.sleep(0.01)
            except Exception as error:  # a response that was cut off
                if type(error).__module__ != 'http.client' and not isinstance(error, ValueError):
                    raise
        return None

    def run(self, client, chance):
        number = 0
        try:
            while not self.stopping:
                number += 1
                key = f'{client}-{number}'
                order = self.place(key, {
                    'sku': chance.choice(('tea', 'tea', 'mug', 'teapot')),
                    'quantity': chance.randint(1, 3),
                    'card': chance.choice(('4242', '4242', DECLINED_CARD))})
                if order:
                    self.answered[key] = order
                time.sleep(PAUSE)
        except Exception as error:
            self.failure = error

    def end(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        if self.failure:
            raise self.failure


def check(data, load, patience):
    found = settle(data, patience)
    orders = dict(count(data, 'select idempotency_key, order_id from "orders.placed"'))
    lost = [key for key, order in load.answered.items() if orders.get(key) != int(order)]
    if lost:
        found['orders that were answered and are not there'] = lost[:5]
    return found, len(orders)


def main():
    program = os.path.abspath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    chance = random.Random(seed)
    print(f'seed {seed}', flush=True)
    with tempfile.TemporaryDirectory(prefix='ashlar-kills-') as data:
        shop = Shop(program, data)
        load = Load(shop, seed)
        kills, until = 0, time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                time.sleep(chance.uniform(0.02, 0.4))
                shop.kill()
                kills += 1
                shop = load.shop = Shop(program, data)
        finally:
            load.end()
        found, orders = check(data, load, 60 + 3 * seconds)
        status = shop.end()
        print(f'{kills} kills, {orders} orders, {len(load.answered)} answered; exit {status}')
        for name, rows in found.items():
            print(f'WRONG: {name}: {rows}')
        return 1 if found or status or not orders or not kills else 0


if __name__ == '__main__':
    sys.exit(main())
