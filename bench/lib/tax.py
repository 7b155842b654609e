# SPDX-License-Identifier: Apache-2.0
"""Makes the tables and charts of docs/tax.md out of a kept run."""
import os
import statistics

from lib import chart
from lib.places import TOP
from lib.runtime import rows

PERCENTILES = [("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p99.9", "p999")]
DELIVERIES = 7  # that an order may have
IMAGES = os.path.join("docs", "images")


def medians(runs, by):
    """From a value of the key `by` to a function that gives the median of another key."""
    found = {}
    for name in dict.fromkeys(run[by] for run in runs):
        samples = [run for run in runs if run[by] == name]
        found[name] = lambda key, samples=samples: statistics.median(
            [run[key] for run in samples if key in run] or [0])
    return found


def ms(microseconds):
    return f"{microseconds / 1000:,.1f}"


def picture(name, alt, svg):
    """Writes the chart beside the page, and says how to show it."""
    os.makedirs(os.path.join(TOP, IMAGES), exist_ok=True)
    with open(os.path.join(TOP, IMAGES, name), "w", encoding="utf-8") as file:
        file.write(svg)
    return f"![{alt}](images/{name})"


def placements(record):
    lines = []
    for name, of in medians(record["placements"]["runs"], "apart").items():
        sent, ended = of("wire_bytes"), of("transactions")
        lines.append([name, f"{of('processes'):.0f}", *(ms(of(key)) for _, key in PERCENTILES),
                      f"{of('cpu_us'):,.0f}", f"{of('database_cpu_us'):,.0f}",
                      f"{ended:.1f}" if ended else "",
                      f"{of('memory_kib') / 1024:.1f} MB", f"{sent:,.0f}" if sent else ""])
    return rows(["apart", "processes", *(f"{name} ms" for name, _ in PERCENTILES),
                 "CPU µs an order", "PostgreSQL's", "its transactions", "memory",
                 "bytes an order"], lines)


def keeps_up(rate, waiting):
    """Whether no more deliveries wait in the end than the orders of a tenth of a second have."""
    return waiting <= DELIVERIES * rate / 10


def find_knee(steps):
    """The highest rate of the ladder up to which each was borne."""
    highest = 0
    for step in steps:
        if not step["borne"] or not keeps_up(step["rate"], step["waiting"]):
            break
        highest = step["rate"]
    return highest


def knee(record):
    return rows(["apart", "orders/s"], [[name, f"{find_knee(found['steps']):,}"]
                                        for name, found in record["knee"].items()])


def placements_chart(record):
    of = medians(record["placements"]["runs"], "apart")
    series = {name: [one(key) / 1000 for one in of.values()] for name, key in PERCENTILES}
    return picture("tax-placements.svg", "Latency of placing an order, by placement",
                   chart.bars("Placing an order", list(of), series,
                              "how far the five processes are apart, each way"))


def chain(record):
    runs, lines = record["chain"]["runs"], []
    for name in dict.fromkeys(run["apart"] for run in runs):
        of = medians([run for run in runs if run["apart"] == name], "hops")
        for key in ("p50", "p99"):
            lines.append([f"{name}, {key} ms", *(ms(one(key)) for one in of.values())])
        lines.append([f"{name}, CPU µs a request", *(f"{one('cpu_us'):,.0f}" for one in of.values())])
    hops = dict.fromkeys(run["hops"] for run in runs)
    return rows(["modules further", *map(str, hops)], lines)


def chain_chart(record):
    runs = record["chain"]["runs"]
    series = {name: [one("p99") / 1000 for one in
                     medians([run for run in runs if run["apart"] == name], "hops").values()]
              for name in dict.fromkeys(run["apart"] for run in runs)}
    hops = dict.fromkeys(run["hops"] for run in runs)
    return picture("tax-chain.svg", "p99 of a call through 1 to 8 more modules",
                   chart.lines("p99 of a call through further modules", list(hops), series,
                               "modules that the call goes through after the first"))


def availability(record):
    runs, lines = record["availability"]["runs"], []
    for name in dict.fromkeys(run["what"] for run in runs):
        of = [run for run in runs if run["what"] == name]
        lines.append([name, *(f"{run['good'] / run['due']:.2%}" for run in of)])
        lines.append(["p99 ms", *(ms(run["p99"]) for run in of)])
    hops = dict.fromkeys(run["hops"] for run in runs)
    return rows(["modules further", *map(str, hops)], lines)


def slow(record):
    runs, lines = record["slow"]["runs"], []
    for name in dict.fromkeys(run["case"] for run in runs):
        samples = [run for run in runs if run["case"] == name]
        def share(who, samples=samples):
            return f"{statistics.median(one[who]['good'] / one[who]['due'] for one in samples):.1%}"
        def time(who, key, samples=samples):
            return ms(statistics.median(one[who][key] for one in samples))
        lines.append([name, share("others"), time("others", "p50"), time("others", "p99"),
                      share("orders"), time("orders", "p50"), time("orders", "p99")])
    return rows(["", "others answered", "p50 ms", "p99 ms", "orders taken", "p50 ms", "p99 ms"], lines)


def slow_chart(record):
    runs = record["slow"]["runs"]
    cases = list(dict.fromkeys(run["case"] for run in runs))
    series = {who: [statistics.median(run[who]["p99"] for run in runs if run["case"] == case) / 1000
                    for case in cases] for who in ("others", "orders")}
    return picture("tax-slow.svg", "What others feel of a module whose table is locked",
                   chart.bars("p99 while the inventory's table is locked", cases, series,
                              "others: GET /counts, which needs no inventory; orders need it"))


PARTS = {"tax-placements": placements, "tax-placements-chart": placements_chart, "tax-knee": knee,
         "tax-chain": chain,
         "tax-chain-chart": chain_chart, "tax-availability": availability, "tax-slow": slow,
         "tax-slow-chart": slow_chart}


def tables(record):
    """All tables that the run has something for."""
    return [part(record) for name, part in PARTS.items()
            if not name.endswith("-chart") and name[4:] in record]
