# SPDX-License-Identifier: Apache-2.0
"""The shop as a process: started on a free port, asked over HTTP; and what must be true of its data
in the end."""
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from stores import store_of

DECLINED_CARD = '4000000000000002'

# The shop takes it, and the notification's table does not: a handler that fails each time.
POISON = 'P' * 101

# Of an order that a saga brings to its end. It may be cancelled for want of a module, whatever came of the
# steps before.
ORCHESTRATED = ("exists (select 1 from ashlar_saga.saga s where s.name = 'orders.fulfil'"
                ' and s.id = cast(o.order_id as text))')

# Each must yield no row. An order is in exactly one of three states in the end, and each of these has
# its effects, all of them once, and no other's.
WRONG = {
    'an order that has not ended':
        "select order_id from orders.placed where state = 'placed'",
    'an order without its one invoice':
        'select o.order_id from orders.placed o left join billing.invoice i using (order_id)'
        ' group by o.order_id, o.state having count(i.order_id) <> 1 and not'
        f" (count(i.order_id) = 0 and o.state = 'cancelled' and {ORCHESTRATED})",
    'payments that do not fit the state':
        'select o.order_id from orders.placed o left join billing.payment p on'
        ' p.order_id = o.order_id and p.cents = o.cents group by o.order_id, o.state'
        " having count(p.id) <> case o.state when 'confirmed' then 1 else 0 end",
    'a payment of no order':
        'select id from billing.payment where order_id not in (select order_id from orders.placed)',
    'a reservation that does not fit the state':
        'select o.order_id from orders.placed o left join inventory.reservation r using (order_id)'
        ' group by o.order_id, o.state'
        " having count(r.order_id) <> case o.state when 'confirmed' then 1 else 0 end",
    'an order without its one message, or poison with one':
        'select o.order_id from orders.placed o left join notification.message m using (order_id)'
        ' group by o.order_id, o.customer'
        ' having count(m.id) <> case when length(o.customer) > 100 then 0 else 1 end',
    'a declined card that did not cancel, or the other way round':
        'select o.order_id from orders.placed o join billing.invoice i using (order_id) where'
        " (i.state = 'declined') <> (o.reason = 'the card was declined') and not"
        f" (i.state = 'declined' and o.state = 'cancelled' and {ORCHESTRATED})",
    'counters that differ from the orders':
        'select placed, confirmed, cancelled from analytics.total where placed <>'
        ' (select count(*) from orders.placed) or confirmed <> (select count(*) from'
        " orders.placed where state = 'confirmed') or cancelled <> (select count(*) from"
        " orders.placed where state = 'cancelled') or cents <> (select coalesce(sum(cents), 0)"
        " from orders.placed where state = 'confirmed')",
    'stock that was lost or made':
        'select sku from inventory.product p where quantity + (select coalesce(sum(r.quantity), 0)'
        ' from inventory.reservation r where r.sku = p.sku) - (select coalesce(sum(s.quantity), 0)'
        ' from analytics.supply s where s.sku = p.sku) <> case sku'
        " when 'tea' then 1000000 when 'mug' then 1000 else 3 end",
    'goods that came and were not noted once, in their order':
        'select sku, number, place from (select sku, number, row_number() over'
        ' (partition by sku order by id) as place from analytics.supply) s where number <> place',
    'goods that came and were never noted':
        'select sku, restocks from inventory.product p where restocks <>'
        ' (select count(*) from analytics.supply s where s.sku = p.sku)',
    'events of one key that were handled in another order':
        'select subscriber, key, event_id from (select i.subscriber, o.key, i.event_id,'
        ' i.handled_at, lag(i.handled_at) over (partition by i.subscriber, o.key order by o.id)'
        ' as earlier from ashlar_event.inbox i join ashlar_event.outbox o on o.id = i.event_id'
        ' where o.key is not null) h where handled_at < earlier',
    'a saga that has not ended, or is parked':
        'select name, id, state, step, attempts, parked, message from ashlar_saga.saga'
        ' where state < 2 or parked = 1',
    'a saga whose end is not that of its order':
        'select o.order_id, o.state, s.state from orders.placed o join ashlar_saga.saga s on'
        " s.id = cast(o.order_id as text) where case o.state when 'confirmed' then 2 else 3 end"
        ' <> s.state',
    'a saga of no order':
        'select id from ashlar_saga.saga where id not in'
        ' (select cast(order_id as text) from orders.placed)',
    'a delivery that waits':
        'select event_id, subscriber, state, attempts from ashlar_event.delivery where state < 2',
    'a dead letter that is no poison, or died too early':
        'select d.event_id, d.subscriber, d.attempts, d.status, d.message from'
        " ashlar_event.delivery d where d.state = 2 and (d.subscriber <> 'notification' or"
        ' d.attempts < 8 or d.key not in (select cast(order_id as text) from orders.placed'
        ' where length(customer) > 100))',
    'poison that is not one dead letter':
        'select o.order_id from orders.placed o left join ashlar_event.delivery d on'
        " d.state = 2 and d.subscriber = 'notification' and d.key = cast(o.order_id as text)"
        ' where length(o.customer) > 100 group by o.order_id having count(d.key) <> 1',
}


def lost_events(program):
    """The question for events that a subscriber has neither handled nor as a dead letter, or both;
    of who subscribes by what the program says of itself."""
    text = subprocess.run([program, 'modules'], capture_output=True, text=True, timeout=240,
                          check=True).stdout
    due, module = [], None
    for line in text.splitlines():
        name = re.match(r'(\w+)', line)
        module = name.group(1) if name else module
        event = re.match(r'  subscribes  (\S+)', line)
        if event:
            due.append(f"('{event.group(1)}', '{module}')")
    return ('with due (event, subscriber) as (values ' + ', '.join(due) + ')'
            ' select o.id, o.event, due.subscriber from ashlar_event.outbox o'
            ' join due on due.event = o.event left join ashlar_event.inbox i'
            ' on i.event_id = o.id and i.subscriber = due.subscriber'
            ' left join ashlar_event.delivery d on d.event_id = o.id'
            ' and d.subscriber = due.subscriber'
            ' where (i.event_id is null) = (d.event_id is null)')


# Seconds for what takes a moment, on a machine that lets any process stand still for a while.
PATIENCE = 120


def wait_until(what, told='it never came', patience=PATIENCE):
    """What `what` returns, once that is true. It may fail meanwhile, as where nobody answers yet."""
    until = time.monotonic() + patience
    while True:
        try:
            if found := what():
                return found
            failed = None
        except (OSError, Problem) as problem:
            failed = problem
        if time.monotonic() > until:
            raise AssertionError(told() if callable(told) else told) from failed
        time.sleep(0.02)


class Problem(Exception):
    def __init__(self, status, document):
        super().__init__(f'{status}: {document}')
        self.status = status
        self.document = document


class Shop:
    """A process of the shop over a store, or a folder. With `wait` it answers when this returns, otherwise
    `address` is None until it does. Without a role it has the one that its settings say."""
    name = None
    tls = None  # the ssl.SSLContext, where it answers over TLS

    def __init__(self, program, store, *arguments, role='all', wait=True, listens=None,
                 environment=None):
        self.store = store = store_of(store)
        self.role = role
        self.log_file = os.path.join(store.data, f'{self.name or role}.log')
        self.log = open(self.log_file, 'ab')
        self.log_start = self.log.tell()
        command = [program, 'run', *(['--role', role] if role else []), *store.arguments,
                   *arguments]
        if role in ('http', 'all') if listens is None else listens:
            command += ['--listen', '127.0.0.1:0']
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, **(environment or {})})
        self.address = None
        self.reader = threading.Thread(target=self.read_address)
        self.reader.start()
        if wait and role != 'worker':
            self.reader.join()
            if not self.address:
                self.close()
                raise RuntimeError('the shop did not start: ' + self.told()[-2000:])

    def read_address(self):
        line = self.process.stdout.readline().decode()
        if '://' in line:
            self.address = line.split(': ', 1)[1].strip()

    def told(self):
        with open(self.log_file, encoding='utf-8', errors='replace') as log:
            return log.read()

    def is_up(self):
        """Whether it has said so: until then SIGTERM does not have it drain."""
        with open(self.log_file, 'rb') as log:
            log.seek(self.log_start)
            return bool(self.address) or b'"delivers events"' in log.read()

    def ask(self, path, body=None, headers=None, raw=False, method=None, patience=PATIENCE):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers or {}, method=method)
        if data is not None and 'Content-type' not in request.headers:
            request.add_header('Content-Type', 'application/json')
        try:
            with urllib.request.urlopen(request, timeout=patience,
                                        context=self.tls) as response:
                answer = response.read().decode()
                return (answer, response.headers) if raw else json.loads(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Problem(error.code, json.loads(error.read())) from None

    def place(self, sku='tea', quantity=1, card='4242', customer='Ada', key=None,
              patience=PATIENCE, flow=''):
        headers = {'Idempotency-Key': key} if key else {}
        return self.ask('/orders', {'customer': customer, 'sku': sku, 'quantity': quantity,
                                    'card': card, 'flow': flow}, headers,
                        patience=patience)['orderId']

    def restock(self, sku, quantity, patience=PATIENCE):
        """Which time it was."""
        return int(self.ask(f'/stock/{sku}', {'quantity': quantity}, patience=patience)['number'])

    def end(self, patience=PATIENCE):
        """Asks it to end, once it is up; its exit status."""
        wait_until(lambda: self.process.poll() is not None or self.is_up(), 'it did not start')
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience)
        finally:
            self.close()

    def stop(self):
        """Stops it where it is, as a machine does that swaps; all its threads stand when this returns."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = f'/proc/{self.process.pid}/task'
        def stands(task):
            with open(f'{tasks}/{task}/stat', encoding='utf-8') as file:
                return file.read().rsplit(')', 1)[1].split()[0] == 'T'
        def all_stand():
            return all(stands(task) for task in os.listdir(tasks))
        wait_until(all_stand, 'it does not stand still')  # a thread may end meanwhile

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """Its exit status, where it has ended before that."""
        status = self.process.poll()
        self.close()
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.log.close()


def wrong(store, program=None):
    """What is not as it should be in the end: names to rows. `store` may be a folder, here and below."""
    questions = dict(WRONG)
    if program:
        questions['an event that a subscriber neither handled nor has as a dead letter'] = (
            lost_events(program))
    answers = store_of(store).ask(questions.values())
    return {name: rows[:5] for name, rows in zip(questions, answers) if rows}


def waiting(store):
    """How many deliveries are neither handled nor dead, and sagas that have not ended."""
    deliveries, sagas = store_of(store).ask(
        ['select count(*) from ashlar_event.delivery where state < 2',
         'select count(*) from ashlar_saga.saga where state < 2 and parked = 0'])
    return deliveries[0][0] + sagas[0][0]


def settle(store, program=None, patience=PATIENCE):
    """Waits until all that was placed has its effects; what is wrong then."""
    until = time.monotonic() + patience
    while waiting(store) and time.monotonic() < until:
        time.sleep(0.1)
    return wrong(store, program)
