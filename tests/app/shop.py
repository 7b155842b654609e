# SPDX-License-Identifier: Apache-2.0
"""The shop as a process: started on a free port, asked over HTTP, and its data counted."""
import json
import os
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

DECLINED_CARD = '4000000000000002'

# Each must yield no row. An order is in exactly one of three states in the end, and each of these has
# its effects, all of them once, and no other's.
WRONG = {
    'an order that has not ended':
        "select order_id from \"orders.placed\" where state = 'placed'",
    'an order without its one invoice':
        'select order_id from "orders.placed" where (select count(*) from "billing.invoice" i'
        ' where i.order_id = "orders.placed".order_id) <> 1',
    'payments that do not fit the state':
        'select order_id from "orders.placed" o where (select count(*) from "billing.payment" p'
        " where p.order_id = o.order_id and p.cents = o.cents) <> (o.state = 'confirmed')",
    'a payment of no order':
        'select id from "billing.payment" where order_id not in'
        ' (select order_id from "orders.placed")',
    'a reservation that does not fit the state':
        'select order_id from "orders.placed" o where (select count(*) from'
        " \"inventory.reservation\" r where r.order_id = o.order_id) <> (o.state = 'confirmed')",
    'an order without its one message':
        'select order_id from "orders.placed" o where (select count(*) from'
        ' "notification.message" m where m.order_id = o.order_id) <> 1',
    'a declined card that did not cancel, or the other way round':
        'select o.order_id from "orders.placed" o join "billing.invoice" i using (order_id) where'
        " (i.state = 'declined') <> (o.reason = 'the card was declined')",
    'counters that differ from the orders':
        'select placed, confirmed, cancelled from "analytics.total" where placed <>'
        ' (select count(*) from "orders.placed") or confirmed <> (select count(*) from'
        " \"orders.placed\" where state = 'confirmed') or cancelled <> (select count(*) from"
        " \"orders.placed\" where state = 'cancelled') or cents <> (select coalesce(sum(cents), 0)"
        " from \"orders.placed\" where state = 'confirmed')",
    'stock that was lost or made':
        'select sku from "inventory.product" p where quantity + (select coalesce(sum(quantity), 0)'
        ' from "inventory.reservation" r where r.sku = p.sku) <> case sku'
        " when 'tea' then 1000000 when 'mug' then 1000 else 3 end",
    'a delivery that waits or is dead':
        'select event_id, subscriber, state, message from "ashlar_event.delivery"',
}


class Problem(Exception):
    def __init__(self, status, document):
        super().__init__(f'{status}: {document}')
        self.status = status
        self.document = document


class Shop:
    def __init__(self, program, data, *arguments, role='all'):
        self.log = open(os.path.join(data, f'{role}.log'), 'ab')
        self.data = data
        command = [program, 'run', '--data', data, '--role', role, *arguments]
        if role != 'worker':
            command += ['--listen', '127.0.0.1:0']
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log)
        self.address = None
        if role != 'worker':
            line = self.process.stdout.readline().decode()
            if 'http://' not in line:
                self.log.close()
                with open(os.path.join(data, f'{role}.log'), encoding='utf-8') as log:
                    raise RuntimeError('the shop did not start: ' + log.read()[-2000:])
            self.address = line.split(': ', 1)[1].strip()

    def ask(self, path, body=None, headers=None, raw=False, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers or {}, method=method)
        if data is not None and 'Content-type' not in request.headers:
            request.add_header('Content-Type', 'application/json')
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                answer = response.read().decode()
                return (answer, response.headers) if raw else json.loads(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Problem(error.code, json.loads(error.read())) from None

    def place(self, sku='tea', quantity=1, card='4242', customer='Ada', key=None):
        headers = {'Idempotency-Key': key} if key else {}
        return self.ask('/orders', {'customer': customer, 'sku': sku, 'quantity': quantity,
                                    'card': card}, headers)['orderId']

    def end(self, patience=60):
        """Asks it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience)
        finally:
            self.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


def count(data, sql):
    connection = sqlite3.connect(f'file:{data}/shop.db?mode=ro', uri=True, timeout=30)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def wrong(data):
    """What is not as it should be in the end: names to rows."""
    found = {}
    for name, sql in WRONG.items():
        rows = count(data, sql)
        if rows:
            found[name] = rows[:5]
    return found


def settle(data, patience=120):
    """Waits until all that was placed has its effects; what is wrong then."""
    until = time.monotonic() + patience
    while True:
        found = wrong(data)
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.2)
