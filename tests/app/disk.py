# SPDX-License-Identifier: Apache-2.0
"""A disk that a test lets be full, or fail: what tests/faults/fail_disk.c shares with it."""
import mmap
import os
import struct

WELL, FULL, FAILS, DIES = range(4)


class Disk:
    """Below the files whose path has `match`, of processes with this environment."""

    def __init__(self, folder, library, match):
        path = os.path.join(folder, 'disk')
        with open(path, 'w+b') as file:
            file.write(bytes(12))
            file.flush()
            self.memory = mmap.mmap(file.fileno(), 12)
        os.chmod(path, 0o666)
        sanitizers = 'verify_asan_link_order=0:' + os.environ.get('ASAN_OPTIONS', '')
        self.environment = {'LD_PRELOAD': library, 'ASHLAR_DISK': path,
                            'ASHLAR_DISK_MATCH': match, 'ASAN_OPTIONS': sanitizers}

    def becomes(self, mode, share=0, count=0):
        self.memory[:] = struct.pack('iii', mode, share, count)
