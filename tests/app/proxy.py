# SPDX-License-Identifier: Apache-2.0
"""A way to PostgreSQL that gets lost: a proxy on a socket of its own."""
import asyncio
import os
import threading
import time


class Proxy:
    """Forwards connections from FOLDER/.s.PGSQL.5432 to the server's socket; `cut()` ends them.

    While `commits` is 'before' or 'after', each connection over which a commit is asked for is ended
    with the next chance: before the server hears of it, or after, and without its answer."""

    def __init__(self, folder, server, chance):
        self.path, self.server, self.chance = os.path.join(folder, '.s.PGSQL.5432'), server, chance
        self.commits = None
        self.lost = {'before': 0, 'after': 0, 'at random': 0}
        self.open = set()  # writers
        self.flowing = None
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,))
        self.thread.start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.flowing = asyncio.Event()
        self.flowing.set()
        server = self.loop.run_until_complete(
            asyncio.start_unix_server(self.serve, self.path))
        ready.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.05))
        self.loop.close()

    async def serve(self, reader, writer):
        try:
            to_reader, to_writer = await asyncio.open_unix_connection(self.server)
        except OSError:
            writer.transport.abort()
            return
        link = {'ends': (writer, to_writer), 'silent': False}
        self.open.add(writer)
        try:
            await asyncio.wait(
                [asyncio.ensure_future(self.ask(link, reader, to_writer)),
                 asyncio.ensure_future(self.answer(link, to_reader, writer))],
                return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.open.discard(writer)
            self.end(link)

    def end(self, link):
        for writer in link['ends']:
            writer.transport.abort()

    async def ask(self, link, reader, writer):
        try:
            while data := await reader.read(65536):
                await self.flowing.wait()
                how = self.commits
                if how and b'commit\0' in data and self.chance.random() < 0.3:
                    self.lost[how] += 1
                    link['silent'] = True
                    if how == 'after':
                        writer.write(data)
                        await writer.drain()
                        await asyncio.sleep(self.chance.choice((0, 0.005, 0.05)))
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    async def answer(self, link, reader, writer):
        try:
            while data := await reader.read(65536):
                await self.flowing.wait()
                if not link['silent']:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass

    def do(self, action):
        """Runs it on the proxy's own thread."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (action(), done.set()))
        done.wait()

    def cut(self, share):
        """Ends this share of the connections."""
        def action():
            for writer in list(self.open):
                if self.chance.random() < share:
                    self.lost['at random'] += 1
                    writer.transport.abort()
        self.do(action)

    def stall(self, seconds):
        """Nothing comes through for a while."""
        self.do(self.flowing.clear)
        time.sleep(seconds)
        self.do(self.flowing.set)

    def close(self):
        self.do(self.flowing.set)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
