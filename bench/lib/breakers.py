# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of docs/internals/resilience.md out of a kept run."""
import statistics

from lib.runtime import rows, spread


def ratios(record, name):
    """Two threads to one, round by round."""
    return [one["2"][name] / one["1"][name] for one in record["rounds"]]


def costs(record):
    """What each case costs a call and thread, and how many times as much where two share it."""
    lines = [[name, *(spread([one[threads][name] for one in record["rounds"]]) for threads in "12"),
              spread(ratios(record, name), 2)] for name in record["rounds"][0]["1"]]
    return rows(["ns a call", "1 thread", "2 threads", "2 : 1"], lines)


# What of a call with a whole policy costs what: the case with it, and the one without.
STEPS = [("reading ticks twice", "reading ticks twice", None),
         ("the breaker", "ashlar, a breaker, reading ticks twice", "reading ticks twice"),
         ("the chain around it, and counting", "ashlar, a policy: breaker",
          "ashlar, a breaker, reading ticks twice"),
         ("retry and time-out", "ashlar, a policy: retry, breaker, time-out",
          "ashlar, a policy: breaker"),
         ("the bulkhead", "ashlar, a policy: retry, breaker, time-out, bulkhead",
          "ashlar, a policy: retry, breaker, time-out"),
         ("all of it", "ashlar, a policy: retry, breaker, time-out, bulkhead", None),
         ("what a rate limit, and the exact clock for it, would add",
          "ashlar, the same and a rate limit, which reads the clock",
          "ashlar, a policy: retry, breaker, time-out, bulkhead")]


def where(record):
    """Where the time of a call goes, on one thread: differences of cases, round by round."""
    lines = [[what, spread([one["1"][more] - (one["1"][less] if less else 0)
                            for one in record["rounds"]])] for what, more, less in STEPS]
    return rows(["of a call with a whole policy", "ns"], lines)


def sharing(record):
    """Whether two threads that share a breaker pay more for it than the peers' do."""
    ours = "ashlar, a breaker, reading ticks twice"
    alone = "reading ticks twice"
    ratio = {name: statistics.median(ratios(record, name))
             for name in (ours, alone, "resilience4j", "gobreaker")}
    word = "a locked addition, all on one word"
    return (f"With two threads a call takes {ratio[ours]:.2f} × what it takes with one; reading ticks, which "
            f"shares nothing, {ratio[alone]:.2f} ×; resilience4j {ratio['resilience4j']:.2f} ×, gobreaker "
            f"{ratio['gobreaker']:.2f} ×; a locked addition on one word "
            f"{statistics.median(ratios(record, word)):.2f} ×.")


PARTS = {"breaker": costs, "breaker-where": where, "breaker-sharing": sharing}


def tables(record):
    """All tables of the run."""
    return [part(record) for part in PARTS.values()]
