# SPDX-License-Identifier: Apache-2.0
"""The shop in several processes, as a deployment file places it: on free ports instead of the file's."""
import json
import os
import random
import re
import socket
import subprocess
import tempfile

from shop import Shop, wait_until

DEPLOY = os.path.join(os.path.dirname(__file__), '..', '..', 'examples', 'shop', 'deploy')


RESERVED = []  # sockets whose names keep other tests from the ports of this one, until it ends


def reserve(port):
    """Whether no other test that runs has the port, which is this one's then."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f'\0ashlar-test-port-{port}')
    except OSError:
        name.close()
        return False
    RESERVED.append(name)
    return True


def free_ports(count):
    """Ports that are free, and stay so for the processes of this test, also while these are down. They
    are below those that the system gives to connections."""
    ports = []
    while len(ports) < count:
        port = random.SystemRandom().randrange(10000, 32000)
        with socket.socket() as attempt:
            try:
                attempt.bind(('127.0.0.1', port))
            except OSError:
                continue
        if reserve(port):
            ports.append(port)
    return ports


def on_free_ports(text):
    """The deployment file's text, with a free port for each that it names."""
    named = sorted(set(re.findall(r'127\.0\.0\.1:(\d+)', text)))
    found = dict(zip(named, free_ports(len(named))))
    return re.sub(r'127\.0\.0\.1:(\d+)', lambda match: f'127.0.0.1:{found[match.group(1)]}',
                  text)


class Way:
    """The way between the processes of a placement: tests/wire, which holds back what passes, and
    breaks connections."""

    def __init__(self, program, ports, delay_us, cuts):
        self.before = dict(zip(ports, free_ports(len(ports))))
        self.process = subprocess.Popen(
            [program, str(delay_us), str(cuts),
             *(f'{before}:{port}' for port, before in self.before.items())],
            stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != 'ready\n':
            raise RuntimeError('the way between the processes does not start')

    def end(self):
        """How many connections it broke."""
        self.process.terminate()
        return sum(pair['cuts'] for pair in json.loads(self.process.communicate()[0]))


class Deployment:
    """A deployment file in the folder: the text's, on free ports. With `way` (program, delay in µs,
    cuts of a million pieces) the processes reach each other through that."""

    def __init__(self, folder, text, way=None):
        self.text = on_free_ports(text)
        ports = re.findall(r'listen: 127\.0\.0\.1:(\d+)', self.text)
        self.way = Way(way[0], ports, *way[1:]) if way else None
        if self.way:
            self.text = re.sub(r'(address: http://127\.0\.0\.1:)(\d+)',
                               lambda match: match[1] + str(self.way.before[match[2]]), self.text)
        self.file = os.path.join(folder, 'deploy.yaml')
        with open(self.file, 'w', encoding='utf-8') as file:
            file.write(self.text)
        part = re.split(r'^\w', self.text.split('\nprocesses:')[1], flags=re.M)[0]
        # From the name of a process to its modules, in the file's order.
        self.modules = {name: modules.split(', ') for name, modules in
                        re.findall(r'^  (\w+):\n    modules: \[(.*)\]$', part, flags=re.M)}


class Process(Shop):
    """One process of a placement; its role and its address are the file's."""

    def __init__(self, program, store, deploy, name, *arguments, **keywords):
        self.name = name
        super().__init__(program, store, '--deploy', deploy, '--process', name, *arguments,
                         role=None, **keywords)


def sees_all(process):
    """Whether it finds each process that it calls up, at one address at least."""
    up = {}
    for remote in process.ask('/readyz').get('remotes', []):
        up[remote['process']] = up.get(remote['process'], False) or bool(remote['up'])
    return all(up.values())


class Placed:
    """All processes of a deployment file over one store. `front` is the first of them."""

    def __init__(self, program, store, text, *arguments):
        self.program, self.store = program, store
        self.arguments = ('--inspect', 'true', *arguments)
        self.place = tempfile.TemporaryDirectory(prefix='ashlar-placed-')
        self.deployment = Deployment(self.place.name, text)
        self.text, self.deploy = self.deployment.text, self.deployment.file
        names = list(self.deployment.modules)
        self.processes = {}
        try:
            for name in names:
                self.start(name, wait=False)
            for process in self.processes.values():
                process.reader.join()
                if not process.address:
                    raise RuntimeError(f'{process.name} did not start: {process.told()[-2000:]}')
            self.await_each_other()
        except BaseException:
            self.close()
            raise
        self.front = self.processes[names[0]]

    def await_each_other(self):
        """Until each process has seen the others: what a worker asks of one that is not there yet fails
        at once."""
        wait_until(lambda: all(map(sees_all, self.processes.values())),
                   'the processes do not find each other')

    def gaps(self):
        """How often one found another not to answer within a second, as when the machine lets that one
        stand still: it calls it for nobody but clients then, until it answers again."""
        return sum(process.told().count(' does not answer: ') for process in self.processes.values())

    def start(self, name, **keywords):
        self.processes[name] = Process(self.program, self.store, self.deploy, name,
                                       *self.arguments, **keywords)
        return self.processes[name]

    def end(self):
        """Asks all to end; their exit statuses."""
        return {name: process.end() for name, process in self.processes.items()}

    def close(self):
        for process in self.processes.values():
            process.close()
        self.place.cleanup()


def example(name):
    """The text of an example's deployment file."""
    with open(os.path.join(DEPLOY, f'{name}.yaml'), encoding='utf-8') as file:
        return file.read()
