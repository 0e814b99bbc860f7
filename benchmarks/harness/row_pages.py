"""Pages that read rows, behind uvicorn: one row by key, and twenty queries in one request.

The bare driver in a plain ASGI function is the limit. Everyone reads the same table,
on SQLite and on PostgreSQL; which rows is drawn anew for every request.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import uuid
from typing import Any

from harness.contestants import CONTESTANTS, OURS, SERVERS, Contestant
from harness.databases import Databases, databases
from harness.environments import python_of, versions_of
from harness.processes import Serving
from harness.served import Figures, measured_in_turn, prepare_wrk
from harness.settings import Extent
from harness.tables import Goal, Section, Table
from harness.workloads import Workload

__all__ = ["LIBRARIES", "measure"]

TEXT = (
    "CPU microseconds of the server's process per request under uvicorn, median of the rounds "
    "[lowest-highest], and in parentheses the ratio to the bare driver, the median of the ratios within each "
    "round. Lower is better. The time of the database server is not in it. There are 16 connections. "
    "asok 0.8 is measured with plain functions: its asynchronous pages stop answering with so many."
)
DRIVER = "bare driver"
CONNECTIONS = 16
SYNC_PREFIX = "/plain"
#: With so many connections its asynchronous pages stop answering, and nothing behind them could be measured.
SYNC_ONLY = "asok 0.8"


def _project(name: str, environment: str) -> Contestant:
    return Contestant(
        name,
        environment,
        "asok",
        {"asgi": "wsgi:app"},
        is_project=True,
        project="rows_project",
        variables=CONTESTANTS["asok 0.8"].variables,
    )


def _application(
    name: str, environment: str, target: str, package: str, lifespan: str = "auto"
) -> Contestant:
    return Contestant(name, environment, package, {"asgi": target}, lifespan=lifespan)


#: Contestant -> the databases that it is measured on.
READERS: tuple[tuple[Contestant, tuple[str, ...]], ...] = (
    (_application(DRIVER, "rows/bare", "rows_bare:app", ""), ("sqlite", "postgres")),
    (
        _application("blacksheep with piccolo", "rows/blacksheep", "rows_blacksheep:app", "piccolo"),
        ("sqlite", "postgres"),
    ),
    (
        _application("starlette with sqlalchemy", "rows/starlette", "rows_starlette:app", "sqlalchemy"),
        ("sqlite", "postgres"),
    ),
    (
        _application("fastapi with sqlalchemy", "rows/fastapi", "rows_fastapi:app", "sqlalchemy"),
        ("sqlite", "postgres"),
    ),
    (_project(OURS, "rows/ours"), ("sqlite", "postgres")),
    (_project("asok 0.8", "rows/asok-0.8"), ("sqlite", "postgres")),
    (_application("aksara 0.7", "rows/aksara-0.7", "rows_aksara:app", "aksara-framework"), ("postgres",)),
)
LIBRARIES = [one.name for one, _ in READERS if one.name not in (DRIVER, OURS)]
TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
GOALS = {("sqlite", "one row"): 1.6, ("sqlite", "20 queries"): 2.0}
GOALS |= {("postgres", "one row"): 1.2, ("postgres", "20 queries"): 1.3}


def _is_row(row: Any) -> bool:
    key = row["id"] if isinstance(row["id"], int) else uuid.UUID(row["id"]).int
    return bool(row["name"] == f"item {key}" and row["grp"] == key % 100)


def _are_rows(body: bytes) -> bool:
    rows = json.loads(body)
    return len(rows) == 20 and all(map(_is_row, rows)) and len({row["name"] for row in rows}) > 10


WORKLOADS = (
    Workload("one row", "/row", "", lambda body: _is_row(json.loads(body))),
    Workload("20 queries", "/rows", "", _are_rows),
)
#: Workload -> name -> figures.
Results = dict[str, dict[str, Figures]]


def measure(extent: Extent) -> Section:
    """Run every reader on both databases."""
    prepare_wrk(extent)
    extent = dataclasses.replace(extent, connections=CONNECTIONS)
    section = Section("Pages that read rows", TEXT, data={})
    with databases() as both:
        for database, title in TITLES.items():
            print(f"  {title}", file=sys.stderr, flush=True)
            results = _run(database, both, extent, section)
            section.tables.append((title, _table(results)))
            section.goals += _goals(database, results)
            section.data[title] = {
                workload: {name: one.spread.as_json() for name, one in found.items()}
                for workload, found in results.items()
            }
    section.notes.insert(0, _versions(extent))
    return section


def _readers(database: str | None, extent: Extent) -> list[Contestant]:
    return [
        one
        for one, able in READERS
        if (database is None or database in able)
        and (extent.libraries is None or one.name in (DRIVER, OURS) or one.name in extent.libraries)
    ]


def _run(database: str, both: Databases, extent: Extent, section: Section) -> Results:
    serving: list[tuple[Contestant, Serving]] = []
    try:
        for reader in _readers(database, extent):
            variables = {**reader.variables, "DATABASE_URL": both.url(database)}
            try:
                started = Serving(
                    dataclasses.replace(reader, variables=variables), SERVERS["uvicorn"], extent.scratch
                )
            except RuntimeError as error:
                section.notes.append(f"{TITLES[database]}: {error}")
            else:
                serving.append((reader, started))
        results: Results = {}
        for workload in WORKLOADS:
            able = []
            for reader, one in serving:
                if reader.name != SYNC_ONLY:
                    able.append((one.name, one, one.path(workload)))
                if reader.is_project:
                    able.append((f"{one.name}, sync pages", one, workload.url(SYNC_PREFIX)))
            results[workload.name] = measured_in_turn(workload, able, extent, section)
        return results
    finally:
        for _, one in serving:
            one.stop()


def _table(results: Results) -> Table:
    table = Table(["", *results])
    first = results[WORKLOADS[0].name]
    for name in sorted(first, key=lambda name: (name != DRIVER, first[name].spread.median)):
        cells = []
        for found in results.values():
            if name not in found:
                cells.append("-")
            elif DRIVER not in found:
                cells.append(str(found[name].spread))
            else:
                ratio = found[name].spread.over(found[DRIVER].spread)
                cells.append(f"{found[name].spread} ({ratio:.2f})")
        table.rows.append([f"**{name}**" if name.startswith(OURS) else name, *cells])
    return table


def _goals(database: str, results: Results) -> list[Goal]:
    goals = []
    for workload, found in results.items():
        ratio = None
        if OURS in found and DRIVER in found:
            ratio = found[OURS].spread.over(found[DRIVER].spread)
        goals.append(
            Goal(f"{TITLES[database]}: {workload}, ratio to bare driver", ratio, GOALS[database, workload])
        )
    return goals


def _versions(extent: Extent) -> str:
    wanted = ("uvicorn", "asyncpg", "blacksheep", "piccolo", "starlette", "fastapi", "sqlalchemy")
    found: dict[str, str] = {}
    for one in _readers(None, extent):
        installed = versions_of(python_of(one.environment))
        found |= {name: installed[name] for name in wanted if name in installed and name not in found}
    return f"Versions: {', '.join(f'{name} {version}' for name, version in found.items())}."
