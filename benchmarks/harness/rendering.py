"""What rendering a template costs: ours against Jinja2, in the same interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

from harness.environments import BENCHMARKS, python_of
from harness.processes import SERVER_CORE, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Spread, Table, number

__all__ = ["measure"]

RENDERS = ("12 rows", "page that extends", "1000 rows")
FIRST = "first page, ms"


def measure(extent: Extent) -> Section:
    """Render with both engines, in turn."""
    section = Section(
        "Templates",
        "CPU microseconds per render (the best sample), and milliseconds to read and compile a page that "
        "extends another and render it for the first time. The same template files, escaping on; the large "
        "table has 1000 rows with five values.",
        data={},
    )
    found: dict[str, dict[str, list[float]]] = {"ours": {}, "jinja2": {}}
    for turn in range(max(3, extent.rounds // 2)):
        for name in ("ours", "jinja2") if turn % 2 == 0 else ("jinja2", "ours"):
            print(f"  rendering with {name}", file=sys.stderr, flush=True)
            command = [str(python_of("ours")), "-W", "ignore", str(BENCHMARKS / "probes" / "render.py"), name]
            done = subprocess.run(pinned(SERVER_CORE, command), capture_output=True, text=True, timeout=300)
            if done.returncode:
                section.notes.append(f"{name}: {done.stderr.strip()[-300:]}")
                continue
            run = json.loads(done.stdout.strip().splitlines()[-1])
            for label in RENDERS:
                found[name].setdefault(label, []).append(min(run[label]))
            found[name].setdefault(FIRST, []).append(run[FIRST])
    if not all(found.values()):
        return section
    spreads = {name: {label: Spread(values) for label, values in by.items()} for name, by in found.items()}
    table = Table(["", *RENDERS, FIRST])
    for name, label in (("ours", "**asok (this)**"), ("jinja2", "Jinja2")):
        table.rows.append([label, *(number(spreads[name][render].best) for render in (*RENDERS, FIRST))])
    ratios = [
        number(spreads["ours"][render].best / spreads["jinja2"][render].best) for render in (*RENDERS, FIRST)
    ]
    table.rows.append(["ours over Jinja2", *ratios])
    section.tables.append(("", table))
    section.data = {
        name: {label: spread.as_json() for label, spread in by.items()} for name, by in spreads.items()
    }
    section.goals += [
        Goal("template of 12 rows", spreads["ours"]["12 rows"].best, 8, " us"),
        Goal("template of 1000 rows", spreads["ours"]["1000 rows"].best, 600, " us"),
    ]
    return section
