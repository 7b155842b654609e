# SPDX-License-Identifier: Apache-2.0
"""Runs commands in turn and keeps what each run took."""
import os
import statistics
import subprocess
import tempfile
import time

from lib.places import say

SLOW = 5  # seconds: of a command that takes longer, a few runs show enough
SLOW_RUNS = 3


def peak_memory(command, folder):
    """Peak resident memory in KiB of the largest process. A child of this process would count this
    process's own memory from before its exec; a child of time(1) counts only its own."""
    with tempfile.NamedTemporaryFile("r") as out:
        subprocess.run(["/usr/bin/time", "-f", "%M", "-o", out.name, *command], cwd=folder,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        return int(out.read().split()[-1])


def measure(command, folder):
    """Runs once; returns wall and CPU seconds and the exit code."""
    with tempfile.TemporaryFile() as sink:
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink,
                                   stderr=sink)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "exit": process.returncode}


def is_slow(samples):
    return len(samples) >= SLOW_RUNS and statistics.median(s["wall"] for s in samples) > SLOW


def in_turn(title, commands, folder, rounds, must_pass):
    """Each round runs each command once, so that a noisy neighbour hits all of them alike; before,
    each runs once unmeasured: files and what is kept warm. Ends where a command of must_pass does
    not exit with 0: what fails early is fast."""
    samples = {name: [] for name in commands}
    for number in range(-1, rounds):
        begun = time.monotonic()
        for name, command in commands.items():
            if is_slow(samples[name]):
                continue
            sample = measure(command, folder)
            if sample["exit"] != 0 and name in must_pass:
                raise SystemExit(f"bench: {name} exits with {sample['exit']} in {folder}: "
                                 f"{' '.join(command)}")
            if number >= 0:
                samples[name].append(sample)
        took = time.monotonic() - begun
        say(f"{title}: " + ("warmed up" if number < 0 else f"round {number + 1} of {rounds}") +
            f", {took:.1f} s; load {os.getloadavg()[0]:.1f}")
    return samples
