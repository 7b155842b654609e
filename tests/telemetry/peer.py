# SPDX-License-Identifier: Apache-2.0
"""What the tests against programs of others share: finding them, waiting for them, and saying so
when they cannot be had."""
import os
import shutil
import sys
import time

# Meson's exit status of a test that did not run.
NOT_RUN = 77


def not_run(why):
    """Ends the test: it did not run, and why. tools/test repeats this line at its end."""
    print(f'not run: {why}', flush=True)
    sys.exit(NOT_RUN)


def find(program, folder):
    """A program of the system's, or one that tools/setup unpacked; None."""
    return shutil.which(program) or shutil.which(program, path=folder)


def wait_for(what, ask, patience=120):
    """What `ask` answers, as soon as that is something; fails after so many seconds."""
    until = time.monotonic() + patience
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f'{what}: not within {patience} s')
        time.sleep(0.1)


def import_shop():
    """tests/app/shop.py, and free_ports() of placed.py beside it."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'app'))
    import shop  # pylint: disable=import-outside-toplevel
    from placed import free_ports  # pylint: disable=import-outside-toplevel
    return shop, free_ports
