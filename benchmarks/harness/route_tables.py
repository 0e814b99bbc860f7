"""What many routes cost: building them, and finding one among them, as part of a whole call."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from harness.environments import BENCHMARKS, python_of
from harness.processes import SERVER_CORE, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Table, number

__all__ = ["measure"]

OURS = "ours"
NAMES = ("falcon", "blacksheep", "starlette", "fastapi", "flask", "django")
LOOKUPS = ("constant, first", "constant, last", "parameter, first", "parameter, last", "missing")
SIZES = {OURS: (10, 1000, 10_000)}
SIZES_OF_PEERS = (10, 1000)
PASSES = 4


def measure(extent: Extent) -> Section:
    """Measure ours with up to 10 000 routes, the peers with up to 1000."""
    section = Section(
        "Routes",
        "Half of the routes are constant, half have a parameter. Building is CPU time until the first "
        "request can be answered; the rest is CPU microseconds of a whole in-process call (the best "
        "sample), so what does not look up routes is in it too. Ours is the engine's "
        "kernel around a route table.",
        data={},
    )
    table = Table(["", "routes", "building, ms", *LOOKUPS])
    wanted = None if extent.peers is None else set(extent.peers)
    names = [OURS, *(name for name in NAMES if wanted is None or name in wanted)]
    each = [(name, count) for name in names for count in SIZES.get(name, SIZES_OF_PEERS)]
    passes: dict[tuple[str, int], list[dict[str, Any]]] = {one: [] for one in each}
    for turn in range(PASSES):
        for name, count in each if turn % 2 == 0 else each[::-1]:
            found = _once(name, count, section)
            if found is not None:
                passes[name, count].append(found)
    for (name, count), runs in passes.items():
        if not runs:
            continue
        best = {key: min(run[key] for run in runs) for key in runs[0]}
        section.data[f"{name}, {count}"] = best
        cells = [number(best["build_s"] * 1e3), *(number(best[lookup]) for lookup in LOOKUPS)]
        table.rows.append(["**asok (this)**" if name == OURS else name, f"{count}", *cells])
    section.tables.append(("", table))
    few, many = section.data.get(f"{OURS}, 10"), section.data.get(f"{OURS}, 10000")
    if few and many:
        worst = max(LOOKUPS, key=lambda lookup: many[lookup] / few[lookup])
        figure = many[worst] / few[worst]
        section.goals.append(Goal(f"10 000 routes over 10, worst look-up ({worst})", figure, 1.5, wish=1.3))
        built = section.data[f"{OURS}, 1000"]["build_s"] * 1e3
        section.goals.append(Goal("building 1000 routes", built, 100, " ms"))
    return section


def _once(name: str, count: int, section: Section) -> dict[str, Any] | None:
    print(f"  {name}, {count} routes", file=sys.stderr, flush=True)
    program = BENCHMARKS / "probes" / "many_routes.py"
    done = subprocess.run(
        pinned(SERVER_CORE, [str(python_of(name)), "-W", "ignore", str(program), name, str(count)]),
        capture_output=True,
        text=True,
        timeout=300,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        section.notes.append(f"{name}, {count}: {(done.stderr or done.stdout).strip()[-300:]}")
        return None
    return found
