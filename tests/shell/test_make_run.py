#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `make run` starts, in a terminal of its own: it ends with the terminal, with SIGTERM, with
Ctrl-C, and says which process it was that could not start.
Usage: tests/shell/test_make_run.py BUILD-FOLDER"""
import contextlib
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
sys.path.insert(0, f'{ROOT}/tests/app')
from placed import free_ports  # pylint: disable=wrong-import-position
BUILD = os.path.abspath(sys.argv.pop(1))
START = 240  # seconds
END = 120
DEPLOYED = """version: 1
processes:
  till:
    modules: [orders, notification, analytics]
    front: true
    listen: 127.0.0.1:{0}
    address: http://127.0.0.1:{0}
  money:
    modules: [billing]
    listen: 127.0.0.1:{1}
    address: http://127.0.0.1:{1}
  warehouse:
    modules: [inventory]
    listen: 127.0.0.1:{2}
    address: http://127.0.0.1:{2}
"""


def server_is_installed():
    return shutil.which('postgres') or os.path.isdir('/usr/lib/postgresql')


class MakeRun(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='ashlar-run-')
        self.addCleanup(place.cleanup)
        self.root = place.name
        self.shown = ''
        self.terminal = None
        os.mkdir(f'{self.root}/tools')
        for name in ('shop', 'placed', 'postgres'):
            shutil.copy2(f'{ROOT}/tools/{name}', f'{self.root}/tools/{name}')
        shutil.copytree(f'{ROOT}/examples/shop', f'{self.root}/examples/shop')
        with open(f'{self.root}/ashlar.yaml', 'w', encoding='utf-8') as file:
            file.write('version: 1\nexclude: ["examples/"]\n')
        self.ports = free_ports(3)
        with open(f'{self.root}/examples/shop/deploy/here.yaml', 'w', encoding='utf-8') as file:
            file.write(DEPLOYED.format(*self.ports))

    def start(self, *words, line=None):
        self.addCleanup(self.end_all)
        pid, self.terminal = pty.fork()
        if pid == 0:
            for number in (signal.SIGINT, signal.SIGHUP):  # who runs the tests may ignore them
                signal.signal(number, signal.SIG_DFL)
            os.environ['PORT'] = '0'
            line = line or [f'{self.root}/tools/shop', BUILD, *words]
            os.execvp(line[0], line)
        self.pid = pid

    def until(self, pattern):
        end = time.monotonic() + START
        while not (found := re.search(pattern, self.shown)):
            self.assertLess(time.monotonic(), end, f'{pattern!r} is not in {self.shown!r}')
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    self.shown += os.read(self.terminal, 65536).decode(errors='replace')
                except OSError:
                    self.fail(f'it ended, and {pattern!r} is not in {self.shown!r}')
        return found

    def started(self):
        """What it started, and is there: all of it knows the folder."""
        ours = [self.root]
        if server := re.search(r'host=(\S+)/socket', self.shown):
            ours.append(server[1])
        for name in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{name}/cmdline', encoding='utf-8', errors='replace') as file:
                    line = file.read().replace('\0', ' ')
                where = os.readlink(f'/proc/{name}/cwd')
            except OSError:
                continue
            if int(name) != os.getpid() and any(each in line or where.startswith(each) for each in ours):
                yield int(name), line

    def end_all(self):
        for pid, _ in list(self.started()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if server := re.search(r'host=(/\S+ashlar-shop-\S+)/socket', self.shown):
            shutil.rmtree(server[1], ignore_errors=True)
        if self.terminal is not None:
            os.close(self.terminal)

    def close_terminal(self):
        os.close(self.terminal)
        self.terminal = None

    def all_end(self):
        end = time.monotonic() + END
        while left := list(self.started()):
            self.assertLess(time.monotonic(), end, f'it left {left} of {self.shown!r}')
            try:
                os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pass
            time.sleep(0.1)

    def test_ends_with_its_terminal(self):
        for words in (['sqlite'], ['sqlite', 'here']):
            with self.subTest(words):
                self.shown = ''
                self.start(*words)
                self.until('Ctrl-C ends it')
                self.assertTrue(list(self.started()))
                self.close_terminal()
                self.all_end()

    @unittest.skipUnless(shutil.which('make'), 'no make is installed')
    def test_ends_where_only_make_hears_of_the_terminal(self):
        with open(f'{self.root}/Makefile', 'w', encoding='utf-8') as file:
            file.write(f'run:\n\t@tools/shop {BUILD} sqlite\n')
        self.start(line=['make', '-C', self.root, 'run'])
        self.until('Ctrl-C ends it')
        self.close_terminal()
        self.all_end()

    @unittest.skipUnless(server_is_installed(), 'no PostgreSQL is installed')
    def test_ends_postgresql_with_its_terminal(self):
        self.start('postgres')
        self.until('Ctrl-C ends it')
        self.close_terminal()
        self.all_end()

    @unittest.skipUnless(server_is_installed(), 'no PostgreSQL is installed')
    def test_ends_all_when_it_alone_is_asked(self):
        self.start('postgres', 'here')
        self.until('Ctrl-C ends it')
        os.kill(self.pid, signal.SIGTERM)
        self.all_end()

    @unittest.skipUnless(server_is_installed(), 'no PostgreSQL is installed')
    def test_a_server_whose_first_process_was_killed_is_started_again(self):
        """Those that it had are still there for a moment."""
        tool, place = f'{self.root}/tools/postgres', tempfile.mkdtemp(prefix='ashlar-run-')
        self.addCleanup(shutil.rmtree, place)

        def start():
            return subprocess.run([tool, 'start', place], check=True, stdout=subprocess.PIPE, text=True,
                                  timeout=START).stdout.strip()
        self.addCleanup(subprocess.run, [tool, 'stop', place], check=True)
        with subprocess.Popen(['psql', '--no-psqlrc', '--quiet', '--tuples-only', start()], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as client:
            client.stdin.write('select pg_backend_pid();\n')
            client.stdin.flush()
            server = int(client.stdout.readline())
            os.kill(server, signal.SIGSTOP)
            with open(f'{place}/data/postmaster.pid', encoding='utf-8') as file:
                os.kill(int(file.readline()), signal.SIGKILL)
            goes_on = threading.Timer(2, os.kill, [server, signal.SIGCONT])
            goes_on.start()
            start()
            goes_on.join()
            client.communicate()

    def test_ends_when_its_reader_is_gone(self):
        self.addCleanup(self.end_all)
        process = subprocess.Popen([f'{self.root}/tools/shop', BUILD], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=os.environ | {'PORT': '0'})
        for line in process.stdout:
            if b'Ctrl-C ends it' in line:
                break
        process.stdout.close()
        process.terminate()
        self.pid = process.pid
        process.wait(END)
        self.all_end()

    def test_names_the_process_that_could_not_start(self):
        with socket.create_server(('127.0.0.1', self.ports[1])):
            self.start('sqlite', 'here')
            self.until('PORT is for one process: examples/shop/deploy/here.yaml says the ports')
            self.until('The shop did not start: money ended with status 75: '
                       f'shop: .*{self.ports[1]}.*\\s+The ports are those of .*here.yaml')
        self.all_end()


if __name__ == '__main__':
    unittest.main()
