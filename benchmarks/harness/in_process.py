"""The framework alone: its ASGI or WSGI callable in a loop, with no server and no socket.

The steadiest time there is here, and the number of function calls, which is exact.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from harness.contestants import BARE, OURS, Contestant, chosen
from harness.environments import BENCHMARKS, python_of
from harness.processes import SERVER_CORE, application, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Spread, Table, number
from harness.workloads import PAGE, WORKLOADS

__all__ = ["measure_calls", "measure_time"]

CORE = ("plaintext", "json", "params", "fortunes")
KINDS = ("asgi", "wsgi")
WISHED_US = {"plaintext": 4.0, "json": 4.3, "params": 7.5}
Found = dict[str, Any]


def measure_time(extent: Extent) -> Section:
    """Measure the CPU time of a call."""
    section = Section(
        "In process, time",
        "CPU microseconds per call of the ASGI or WSGI callable: the best sample of all passes, and in "
        "parentheses what is added to the bare callable. No server, no socket; what is left is the "
        "framework, its template engine and its JSON.",
        data={},
    )
    for kind in KINDS:
        contestants = chosen(extent.peers, kind)
        passes: dict[str, list[Found]] = {one.name: [] for one in contestants}
        for turn in range(extent.rounds):
            for one in contestants if turn % 2 == 0 else contestants[::-1]:
                passes[one.name].append(_probe(one, kind, "time", extent, section))
        spreads = {name: _spreads(runs) for name, runs in passes.items()}
        section.data[kind] = {
            name: {workload: spread.as_json() for workload, spread in found.items()}
            for name, found in spreads.items()
        }
        section.tables.append((kind.upper(), _time_table(spreads)))
        if kind == "asgi":
            ours = spreads[OURS]
            for workload, wish in WISHED_US.items():
                figure = ours[workload].best if workload in ours else None
                section.goals.append(Goal(f"in process, {workload}", figure, wish, unit=" us"))
    return section


def measure_calls(extent: Extent) -> Section:
    """Count the function calls of a request."""
    section = Section(
        "In process, function calls",
        "Calls of Python and C functions per request, counted by cProfile; the same in every run. Calls "
        "inside compiled extensions are not seen. The few of the loop that counts are included for everyone.",
        data={},
    )
    for kind in KINDS:
        table = Table(["", *CORE])
        found = {one.name: _probe(one, kind, "calls", extent, section) for one in chosen(extent.peers, kind)}
        section.data[kind] = found
        for name, counts in sorted(found.items(), key=lambda pair: _count(pair[1], "plaintext")):
            cells = [
                number(counts[workload]) if _is_figure(counts.get(workload)) else "-" for workload in CORE
            ]
            table.rows.append([f"**{name}**" if name == OURS else name, *cells])
        section.tables.append((kind.upper(), table))
        if kind == "asgi":
            counted = found[OURS].get("json")
            section.goals.append(
                Goal("function calls per JSON request", counted if _is_figure(counted) else None, 30)
            )
    return section


def _probe(one: Contestant, kind: str, what: str, extent: Extent, section: Section) -> Found:
    print(f"  {kind} {what}: {one.name}", file=sys.stderr, flush=True)
    python = python_of(one.environment)
    found: Found = {}
    for links in (False, True) if one.has_page and what == "time" else (False,):
        folder, variables = application(one, kind, extent.scratch, links=links)
        workloads = [PAGE] if links else [WORKLOADS[name] for name in CORE]
        wanted = [f"{workload.name}={workload.url(one.prefix(kind))}" for workload in workloads]
        if one.name == OURS and kind == "asgi" and not links:
            wanted.append(f"plaintext, sync={WORKLOADS['plaintext'].url('/plain')}")
        command = [
            str(python),
            "-W",
            "ignore",
            str(BENCHMARKS / "probes" / "call.py"),
            one.targets[kind],
            kind,
            what,
        ]
        done = subprocess.run(
            pinned(SERVER_CORE, [*command, *wanted]),
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        try:
            found |= json.loads(done.stdout.strip().splitlines()[-1])
        except (IndexError, ValueError):
            section.notes.append(f"{one.name}, {kind}: {(done.stderr or done.stdout).strip()[-300:]}")
    for workload, figure in found.items():
        if isinstance(figure, str):
            section.notes.append(f"{one.name}, {kind}, {workload}: {figure}")
    return found


def _spreads(runs: list[Found]) -> dict[str, Spread]:
    found: dict[str, list[float]] = {}
    for run in runs:
        for workload, samples in run.items():
            if not isinstance(samples, str):
                found.setdefault(workload, []).append(min(samples))
    return {workload: Spread(values) for workload, values in found.items()}


def _time_table(spreads: dict[str, dict[str, Spread]]) -> Table:
    workloads = [*CORE, PAGE.name]
    if "plaintext, sync" in spreads[OURS]:
        workloads.append("plaintext, sync")
    table = Table(["", *workloads])
    bare = spreads[BARE]

    def key(name: str) -> float:
        return spreads[name]["plaintext"].best if "plaintext" in spreads[name] else float("inf")

    for name in sorted(spreads, key=key):
        cells = []
        for workload in workloads:
            spread = spreads[name].get(workload)
            if spread is None:
                cells.append("-")
            elif name == BARE or workload not in bare:
                cells.append(number(spread.best))
            else:
                cells.append(f"{number(spread.best)} (+{number(max(0, spread.best - bare[workload].best))})")
        table.rows.append([f"**{name}**" if name == OURS else name, *cells])
    return table


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float)


def _count(counts: Found, workload: str) -> float:
    value = counts.get(workload)
    return float(value) if isinstance(value, int | float) else float("inf")
