# SPDX-License-Identifier: Apache-2.0
"""The two stores that the shop's tests run over, and questions to them that both understand.

A question is written as for PostgreSQL, with schemas; SQLite is asked for one table of that name.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

SCHEMAS = ('orders', 'billing', 'billing_next', 'inventory', 'notification', 'analytics', 'ashlar_event',
           'ashlar_schedule', 'ashlar_saga', 'ashlar_split')
# Not within a text, as 'orders.fulfil'.
NAME = re.compile(r"(?<![.'])\b(" + '|'.join(SCHEMAS) + r')\.([a-z_]+)\b')
TOOL = os.path.join(os.path.dirname(__file__), '..', '..', 'tools', 'postgres')


class Sqlite:
    """A file in a folder: one of its own, that is removed, or the one that is given."""
    name = 'sqlite'

    def __init__(self, folder=None):
        self.place = None if folder else tempfile.TemporaryDirectory(prefix='ashlar-shop-')
        self.data = folder or self.place.name
        self.arguments = ['--data', self.data]

    def ask(self, questions, write=False):
        """The rows of each question."""
        mode = 'rw' if write else 'ro'
        connection = sqlite3.connect(f'file:{self.data}/shop.db?mode={mode}', uri=True, timeout=240)
        try:
            rows = [connection.execute(NAME.sub(r'"\1.\2"', question)).fetchall()
                    for question in questions]
            connection.commit()
            return rows
        finally:
            connection.close()

    def save(self):
        """Copies all that there is into a folder that stays, and names it."""
        folder = tempfile.mkdtemp(prefix='ashlar-wrong-')
        for name in os.listdir(self.data):
            if name.startswith('shop.db'):
                shutil.copy(os.path.join(self.data, name), folder)
        return folder

    def close(self):
        if self.place:
            self.place.cleanup()


class Postgresql:
    """A database of its own on the server of `tools/postgres run`."""
    name = 'postgresql'
    made = 0

    def __init__(self):
        self.place = tempfile.TemporaryDirectory(prefix='ashlar-shop-')
        self.data = self.place.name
        self.server = os.environ['ASHLAR_POSTGRES_FOLDER']
        Postgresql.made += 1
        self.database = f'shop_{os.getpid()}_{self.made}'
        self.url = self.url_of('ASHLAR_STORE')
        self.arguments = ['--data', self.data, '--store', self.url]
        self.psql(f'create database {self.database} owner app;', os.environ['ASHLAR_STORE_ADMIN'])

    def url_of(self, variable):
        return os.environ[variable].replace('/shop?', f'/{self.database}?')

    def psql(self, script, url):
        result = subprocess.run(
            ['psql', '--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '-F', '\x1f',
             '-v', 'ON_ERROR_STOP=1', url], input=script, capture_output=True, text=True,
            timeout=300, check=False)
        if result.returncode:
            raise ConnectionError(result.stderr)
        return result.stdout

    def ask(self, questions, write=False):
        script = ''.join(f'{question};\n\\echo \x1e\n' for question in questions)
        answers = self.psql(script, self.url_of('ASHLAR_STORE_ADMIN')).split('\x1e\n')
        return [[tuple(int(cell) if re.fullmatch(r'-?\d+', cell) else cell
                       for cell in line.split('\x1f')) for line in answer.splitlines()]
                for answer in answers[:len(questions)]]

    def save(self):
        """As SQLite's, as a dump."""
        folder = tempfile.mkdtemp(prefix='ashlar-wrong-')
        subprocess.run(['pg_dump', '--file', os.path.join(folder, 'shop.sql'),
                        self.url_of('ASHLAR_STORE_ADMIN')], check=True, timeout=300)
        return folder

    def server_does(self, what, environment=None):
        """Has tools/postgres do something to the server."""
        subprocess.run([TOOL, what, self.server], check=True, timeout=300,
                       stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})

    def close(self):
        try:
            self.psql(f'drop database {self.database} with (force);',
                      os.environ['ASHLAR_STORE_ADMIN'])
        except ConnectionError:
            pass  # the server goes away with all that it has
        self.place.cleanup()


STORES = {'sqlite': Sqlite, 'postgresql': Postgresql}


def store_of(place):
    """A store, or the one that is in the folder of this name."""
    return Sqlite(place) if isinstance(place, str) else place


def run_on_server(store, durable=False):
    """Starts this program again with a server of its own, where the store needs one that is not
    there."""
    if store == 'postgresql' and 'ASHLAR_POSTGRES_FOLDER' not in os.environ:
        words = [TOOL, 'run', *(['--durable'] if durable else []), sys.executable, *sys.argv]
        os.execv(TOOL, words)
