# SPDX-License-Identifier: Apache-2.0
"""What every kept run says of the machine, the commit and the time, and where it is kept."""
import datetime
import json
import os
import platform
import sys

from lib.places import TOP, from_top, run, say


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return {"processor": model[0] if model else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release()}


def begin(**facts):
    command = " ".join(from_top([os.path.relpath(sys.argv[0], TOP), *sys.argv[1:]]))
    return {"command": command, "started": now(), "machine": machine(),
            "load_before": os.getloadavg()[0], **facts}


def keep(record, what, out=None):
    """Writes the record into bench/runs; returns the path."""
    record.update(ended=now(), load_after=os.getloadavg()[0])
    commit = run(["git", "log", "-1", "--format=%h"], TOP).strip()
    path = out or os.path.join(TOP, "bench", "runs",
                               f"{record['started'][:10]}-{what}-{commit}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"what": what, "commit": commit, **record}, file, indent=1)
        file.write("\n")
    say(f"kept in {os.path.relpath(path, TOP)}")
    return path
