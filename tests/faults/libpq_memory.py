#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libpq runs out of memory, at each of its allocations in turn: what was committed is there, what was
not is not, the program neither crashes nor hangs nor leaks, and the store works again after.

    tools/postgres run tests/faults/libpq_memory.py PROGRAM LIBRARY [--most N]

PROGRAM is use_store, LIBRARY libfail_nth.so; N points, evenly spread (default: all).
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run(word, fail=None, log='/nonexistent'):
    environment = {**os.environ, 'ASHLAR_FAILED': log, 'ASHLAR_FAIL_IN': 'libpq',
                   'LD_PRELOAD': LIBRARY,
                   'ASAN_OPTIONS': 'verify_asan_link_order=0:detect_leaks=1:'
                                   'allocator_may_return_null=1',
                   'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
                   'LSAN_OPTIONS': 'print_suppressions=0:suppressions='
                                   + os.path.join(HERE, '..', 'leaks.lsan')}
    if fail:
        environment['ASHLAR_FAIL'] = fail
    return subprocess.run([PROGRAM, str(word)], env=environment, capture_output=True, text=True,
                          timeout=120, check=False)


def count_allocations():
    """Those of a run without a fault: the first that is not reached, by halving."""
    log = os.path.join(os.environ['ASHLAR_POSTGRES_FOLDER'], '..', f'libpq-{os.getpid()}')
    low, high, first = 1, 1 << 16, 1000
    while low < high:
        middle = (low + high) // 2
        run(first, f'alloc:{middle}', log)
        first += 10
        if os.path.exists(log):
            os.remove(log)
            low = middle + 1
        else:
            high = middle
    return low - 1


def check(nth, first):
    """What is wrong with a run in which this allocation fails, or ''. Notes what it did."""
    try:
        result = run(first, f'alloc:{nth}')
    except subprocess.TimeoutExpired:
        return 'it hangs'
    if result.returncode not in (0, 3):
        return f'exit {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-3000:]}'
    for line in result.stdout.splitlines():
        word, _, number = line.partition(' ')
        if word in ('committed', 'lost', 'unknown'):
            SAID[int(number)] = word
    return ''


def wrong_rows():
    result = run('count')
    assert result.returncode == 0, result.stdout + result.stderr
    rows = {int(line.split()[1]) for line in result.stdout.splitlines() if line.startswith('row ')}
    return [f'row {number} was {word}, and is {"" if number in rows else "not "}there'
            for number, word in sorted(SAID.items())
            if (word == 'committed') != (number in rows) and word != 'unknown']


def main():
    made = run('migrate')
    assert made.returncode == 0, made.stdout + made.stderr
    last = count_allocations()
    assert last > 50, f'libpq allocates {last} times: is the fault reached?'
    step = max(1, last // MOST)
    points = list(range(1, last + 2, step))
    problems = []
    for i, nth in enumerate(points):
        problem = check(nth, 100000 + 10 * i)
        if problem:
            problems.append(f'allocation {nth} of {last}: {problem}')
    problems += wrong_rows()
    print('\n'.join(problems))
    kinds = [list(SAID.values()).count(word) for word in ('committed', 'lost', 'unknown')]
    print(f'{len(points)} of {last} allocations of libpq failed once: {kinds[0]} rows committed, '
          f'{kinds[1]} lost and said so, {kinds[2]} unknown')
    print(f'{len(points) - len(problems)} passed, {len(problems)} failed')
    return 1 if problems else 0


SAID = {}
MOST = int(sys.argv[sys.argv.index('--most') + 1]) if '--most' in sys.argv else 1 << 30
PROGRAM, LIBRARY = (os.path.abspath(path) for path in sys.argv[1:3])
sys.exit(main())
