# SPDX-License-Identifier: Apache-2.0
"""An application in one process or in many, over one store, with a way between the processes that is
as long and as bad as it is asked for."""
import json
import os
import signal
import socket
import subprocess
import time

from lib.places import free_port

PATIENCE = 30
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    """Seconds of processor time of a process and of its children that have ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def memory_of(pid):
    """KiB that are only this process's, and its share of what others have as well."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


class Wire:
    """tests/wire in front of the ports of a fleet; `before` is where each can be reached by it."""

    def __init__(self, program, targets, delay_us, cut_per_million):
        self.before = {port: free_port() for port in targets}
        self.process = subprocess.Popen(
            [program, str(delay_us), str(cut_per_million),
             *(f"{listen}:{target}" for target, listen in self.before.items())],
            stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit("bench: the wire does not start")

    def cpu(self):
        return cpu_of(self.process.pid)

    def end(self):
        """What passed, a pair of ports each."""
        self.process.terminate()
        return json.loads(self.process.communicate()[0])


class Fleet:
    """`placement` is a list of (process, modules); None: one process without a deployment file. With
    `wire` (program, delay in µs, cuts a million pieces) the processes reach each other through it, whoever asks the
    first from outside does not. `more` is text for the deployment file."""

    def __init__(self, program, arguments, folder, placement=None, wire=None, more=""):
        self.placement = placement or [("all", [])]
        self.ports = {name: free_port() for name, _ in self.placement}
        self.wire = Wire(wire[0], list(self.ports.values())[1:], *wire[1:]) if wire else None
        self.logs, self.processes = [], {}
        self.file = os.path.join(folder, "deploy.yaml")
        if placement:
            self.write(more)
        for name, _ in self.placement:
            self.start(program, arguments, folder, name, bool(placement))
        self.address = f"http://127.0.0.1:{next(iter(self.ports.values()))}"
        for name in self.ports:
            self.wait_for(name)

    def write(self, more):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("version: 1\nprocesses:\n")
            for name, modules in self.placement:
                port = self.ports[name]
                reached = self.wire.before.get(port, port) if self.wire else port
                file.write(f"  {name}:\n    modules: [{', '.join(modules)}]\n"
                           f"    listen: 127.0.0.1:{port}\n"
                           f"    address: http://127.0.0.1:{reached}\n")
            file.write(more)

    def start(self, program, arguments, folder, name, placed):
        log = open(os.path.join(folder, f"{name}.log"), "wb")
        where = ["--deploy", self.file, "--process", name] if placed else \
            ["--listen", f"127.0.0.1:{self.ports[name]}"]
        self.logs.append(log)
        self.processes[name] = subprocess.Popen([program, "run", *arguments, *where], stdout=log,
                                                stderr=log)

    def wait_for(self, name):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.processes[name].poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.ports[name]), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        log = self.logs[list(self.ports).index(name)].name
        with open(log, encoding="utf-8") as file:
            told = file.read()[-2000:]
        self.end()
        raise SystemExit(f"bench: process '{name}' does not listen:\n{told}")

    def cpu(self):
        return sum(cpu_of(process.pid) for process in self.processes.values())

    def memory(self):
        return sum(memory_of(process.pid) for process in self.processes.values())

    def signal(self, name, what):
        self.processes[name].send_signal(what)

    def end(self):
        """Ends all; what passed over the wire, or None."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in self.logs:
            log.close()
        return self.wire.end() if self.wire else None


def start_load(program, address, method, target, rate, seconds, *bodies, threads=128,
               patience_ms=5000):
    """The open-loop generator in the background."""
    return subprocess.Popen([program, address, method, target, str(rate), str(seconds), str(threads),
                             str(patience_ms), *bodies], stdout=subprocess.PIPE, text=True)


def finish_load(process):
    """What it saw; times in µs, from when each request was due."""
    out = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(process.args[:4])} failed")
    return json.loads(out)


def load(*arguments, **more):
    return finish_load(start_load(*arguments, **more))
