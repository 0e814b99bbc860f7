"""What it costs to begin: importing the framework, building an application, giving the first answer.

Each framework stands alone in an environment that holds it and what it needs, with
its bytecode compiled. Ours is built from this checkout and installed as a user gets it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.environments import BENCHMARKS, python_of, size_of, versions_of
from harness.processes import SERVER_CORE, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Spread, Table, number

__all__ = ["measure"]

OURS = "ours"
# What the existing asok reads only from the environment.
NEEDED = {"SECRET_KEY": "benchmarks-and-nothing-else-0123456789-0123456789", "APP_URL": "http://127.0.0.1"}
# What environments have of their own.
TOOLS = {"pip", "setuptools", "wheel"}
NAMES = (
    "starlette",
    "falcon",
    "flask",
    "blacksheep",
    "asok-0.8",
    "django",
    "litestar",
    "fastapi",
    "aksara-0.7",
)


def measure(extent: Extent) -> Section:
    """Measure ours and the peers, in turn."""
    section = Section(
        "Start and size",
        "CPU milliseconds of a fresh process for the import of the framework with an application of one "
        "route, and from there to its first answer (start-up included); memory after that. Packages and "
        "megabytes are what an installation without extras brings, without bytecode. Django stands without "
        "its ORM.",
        data={},
    )
    wanted = None if extent.peers is None else {peer.replace(" ", "-") for peer in extent.peers}
    names = [OURS, *(name for name in NAMES if wanted is None or name in wanted)]
    pythons = {name: python_of(f"minimal/{name}") for name in names}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(max(3, extent.rounds)):
        for name in names if turn % 2 == 0 else names[::-1]:
            found = _once(name, pythons[name], extent)
            if isinstance(found, str):
                section.notes.append(f"{name}: {found}")
            else:
                runs[name].append(found)
    columns = [
        "",
        "import and build, ms",
        "first answer, ms",
        "memory, MB",
        "modules",
        "packages",
        "size, MB",
    ]
    table = Table(columns)
    rows = []
    for name in names:
        if not runs[name]:
            continue
        spreads = {
            key: Spread([run[key] for run in runs[name]]) for key in ("import_ms", "answer_ms", "memory_mb")
        }
        packages = sorted(set(versions_of(pythons[name])) - TOOLS)
        size = size_of(pythons[name])
        label = "**asok (this)**" if name == OURS else name.replace("-", " ")
        figures = [
            str(spreads["import_ms"]),
            str(spreads["answer_ms"]),
            number(spreads["memory_mb"].median),
            str(runs[name][-1]["modules"]),
            str(len(packages)),
            number(size),
        ]
        rows.append((spreads["import_ms"].median, [label, *figures]))
        section.data[name] = {key: spread.as_json() for key, spread in spreads.items()}
        section.data[name] |= {"packages": packages, "size_mb": size}
        if name == OURS:
            both = Spread([run["import_ms"] + run["answer_ms"] for run in runs[name]])
            section.goals += [
                Goal("import and one-route app, CPU", spreads["import_ms"].median, 110, " ms", wish=90),
                Goal("the same with start-up and the first answer, CPU", both.median, 110, " ms", wish=90),
                Goal("packages of the core", len(packages), 20),
                Goal("size of the core", size, 40, " MB", wish=27),
            ]
    if "starlette" in section.data and OURS in section.data:
        # Why: milliseconds are of one machine; performance goals were set where Starlette needs 85.
        ratio = section.data[OURS]["import_ms"]["median"] / section.data["starlette"]["import_ms"]["median"]
        section.goals.append(Goal("import and one-route app over Starlette's", ratio, 110 / 85, wish=90 / 85))
    table.rows = [row for _, row in sorted(rows, key=lambda row: row[0])]
    section.tables.append(("", table))
    return section


def _once(name: str, python: Path, extent: Extent) -> dict[str, Any] | str:
    print(f"  import {name}", file=sys.stderr, flush=True)
    program = BENCHMARKS / "probes" / "first_answer.py"
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    variables |= NEEDED
    done = subprocess.run(
        pinned(SERVER_CORE, [str(python), "-W", "ignore", str(program), name]),
        capture_output=True,
        text=True,
        cwd=extent.scratch,
        env=variables,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return (done.stderr or done.stdout).strip()[-300:]
    return found if found["status"] == 200 else f"answered {found['status']}"
