# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of docs/performance-runtime.md out of kept runs."""
import statistics


def rows(head, lines):
    """A table: names of the columns, and lines of texts; all but the first column to the right."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in
                     [head, ["---"] + ["---:"] * (len(head) - 1), *lines])


def spread(values, digits=1):
    """Median, and between which two the middle half lies."""
    low, high = min(values), max(values)
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{statistics.median(values):,.{digits}f} ({low:,.{digits}f} – {high:,.{digits}f})"


def origin(record):
    host = record["machine"]
    return (f"`{record['command']}`, {record['started']}; commit {record['commit']}; "
            f"{host['processor']}, {host['cores']} cores, Linux {host['kernel']}; load average "
            f"{record['load_before']:.1f} to {record['load_after']:.1f}. Medians, in brackets the "
            "middle half.")


def ports(record):
    names = {"plain": "through a function pointer", "unsampled": "of a port, trace not sampled",
             "sampled": "of a port, trace sampled: a span each"}
    lines = []
    for key, name in names.items():
        values = [one[key] for one in record["rounds"]]
        over = [one[key] - one["plain"] for one in record["rounds"]]
        lines.append([name, spread(values), "" if key == "plain" else spread(over)])
    return rows(["a call", "ns", "ns over the pointer"], lines)


def shop(record):
    lines = []
    for store in record["rounds"][0]:
        samples = [one[store] for one in record["rounds"]]
        def of(key, digits, samples=samples):
            return spread([one[key] for one in samples], digits)
        idle = [one["idle_kib"]["resident"] / 1024 for one in samples]
        private = [one["idle_kib"]["private"] / 1024 for one in samples]
        lines.append([store, of("per_second", 0), of("p50_ms", 1), of("p99_ms", 1),
                      of("done_per_second", 0), of("cpu_us", 0),
                      f"{statistics.median(idle):.1f} MB", f"{statistics.median(private):.1f} MB"])
    return rows(["store", "placed/s", "p50 ms", "p99 ms", "done/s", "CPU µs an order", "idle RSS",
                 "of it private"], lines)


def http(record):
    lines = []
    for name in dict.fromkeys(run["case"] for run in record["runs"]):
        samples = [run for run in record["runs"] if run["case"] == name]
        def of(key, digits, samples=samples):
            values = [one[key] for one in samples if key in one]
            return spread(values, digits) if values else ""
        lines.append([name, of("per_second", 0), of("cpu_us", 1), of("p50_us", 0), of("p99_us", 0),
                      of("slow_per_second", 0)])
    return rows(["case", "requests/s", "CPU µs a request", "p50 µs", "p99 µs", "slow/s"], lines)


def http_ratio(record):
    """Ashlar beside nginx, round by round."""
    by_round = {}
    for run in record["runs"]:
        by_round.setdefault(run["round"], {})[run["case"]] = run
    def ratio(way):
        return spread([one[f"ashlar{way} hello"]["cpu_us"] / one[f"nginx{way} hello"]["cpu_us"]
                       for one in by_round.values()], 2)
    idle = record["idle_bytes"]
    return (f"CPU a request: {ratio('')} × nginx; both pinned {ratio(' pinned')} ×. An idle connection takes "
            f"{idle['ashlar']:.0f} bytes of user space, nginx's {idle['nginx']:.0f} "
            f"({record['idle_connections']:,} connections).")


def events(record):
    """Events a second; behind "through", how many times as many Ashlar's are in the same round."""
    rounds = record["rounds"]
    lines = []
    for name in rounds[0]:
        if "through" not in rounds[0][name]:
            continue
        mode = name.split(", ")[1]
        def of(key, name=name):
            return spread([one[name][key] for one in rounds], 0) if key in rounds[0][name] else ""
        ahead = [one[f"ashlar, {mode}"]["through"] / one[name]["through"] for one in rounds]
        lines.append([name, of("publish"), of("handle"), of("through"),
                      of("through in one process"), f"{statistics.median(ahead):.1f}"])
    return rows(["events/s", "publish", "handle", "through", "through, one process",
                 "Ashlar on PostgreSQL is × as fast"], lines)


def sagas(record):
    """Steps a second; behind them, how many times as many Ashlar's bare ones are in the same round."""
    rounds = record["rounds"]
    lines = []
    for name in rounds[0]:
        case, at_once = name.split("; ")
        ahead = [one[f"ashlar, bare; {at_once}"]["steps_per_second"] / one[name]["steps_per_second"]
                 for one in rounds]
        lines.append([case, at_once, spread([one[name]["steps_per_second"] for one in rounds], 0),
                      f"{statistics.median(ahead):.1f}"])
    return rows(["system", "at once", "steps/s", "Ashlar, bare, is × as fast"], lines)


def idle_events(record):
    rounds = record["rounds"]
    lines = []
    for name in rounds[0]:
        for where in rounds[0][name] if name.startswith("idle, ") else ():
            lines.append([f"{name[6:]}, {where}",
                          *(spread([one[name][where][key] / 1000 for one in rounds], 2)
                            for key in ("p50_us", "p99_us"))])
    return rows(["an event on an idle system", "p50 ms", "p99 ms"], lines)


def rpc(record):
    rounds = record["rounds"]
    lines = []
    for name in rounds[0]:
        def of(key, digits, name=name):
            return spread([one[name][key] for one in rounds], digits)
        system, codec, callers = name.rsplit(", ", 2)
        lines.append([system, codec, callers, of("per_second", 0), of("cpu_us", 1),
                      of("client_us", 1), of("server_us", 1), of("p50_us", 0), of("p99_us", 0)])
    lines.sort(key=lambda line: (line[1] != "proto", int(line[2])))
    return rows(["system", "codec", "callers", "calls/s", "CPU µs a call", "client", "server",
                 "p50 µs", "p99 µs"], lines)


def rpc_least(record):
    """The best peer of each case, as a multiple of Ashlar, round by round."""
    rounds = record["rounds"]
    sentences = []
    for case in dict.fromkeys(tuple(name.rsplit(", ", 2)[1:]) for name in rounds[0]):
        of = [name for name in rounds[0] if tuple(name.rsplit(", ", 2)[1:]) == case]
        ours = ", ".join(("ashlar", *case))
        found = []
        for key, what in (("cpu_us", "CPU"), ("p99_us", "p99")):
            ratio, peer = min((statistics.median(one[name][key] / one[ours][key] for one in rounds),
                               name) for name in of if name != ours)
            found.append(f"{ratio:.1f} × Ashlar's {what} ({peer.rsplit(', ', 2)[0]})")
        codec, callers = case
        sentences.append(f"- {codec}, {callers} at once: the best peer has {' and '.join(found)}.")
    return "\n".join(sentences)


PARTS = {"origin": origin, "ports": ports, "shop": shop, "http": http, "http-ratio": http_ratio,
         "events": events, "idle-events": idle_events, "sagas": sagas, "rpc": rpc, "rpc-least": rpc_least}


def whole(record):
    """All tables of a kept run."""
    names = {"http": ["http", "http-ratio"], "rpc": ["rpc", "rpc-least"]}.get(record["what"], [record["what"]])
    return "\n\n".join(PARTS[name](record) for name in ["origin", *names])
