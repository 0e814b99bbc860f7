"""Models in process: what an operation costs beside the driver alone.

Every adapter runs in a process of its own, in turn, each round in the reverse order
of the one before. Between two of them the rows that were added are removed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from harness.contestants import OURS
from harness.databases import Databases, databases
from harness.environments import BENCHMARKS, python_of, versions_of
from harness.model_peers import SCENES, ModelPeer, Scene, model_versions, peers_of
from harness.processes import SERVER_CORE, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Spread, Table, number

__all__ = ["measure"]

TEXT = (
    "CPU microseconds of the process per operation: the median of the rounds, the best sample of all in "
    "brackets, and in parentheses the ratio to the driver alone, the median of the ratios within each "
    "round. Lower is better. The time of the database server is not in it. Every library makes objects from "
    "the same rows; children are reached through their parents; an update writes one field where the "
    "library can. Where it has a pool, an operation takes a connection from it and gives it back. The "
    "driver gives tuples or its own rows, and makes no objects. Ours lets the garbage collector look at "
    "every 5 000 new objects, as in each process with a database; the others leave it at Python's 700."
)
OPERATIONS = (
    "get by key",
    "100 rows",
    "100 parents, 10 children each",
    "insert one",
    "update one",
    "delete one",
    "insert 1000",
)
#: Operation on SQLite -> (the most that is allowed, the wish), in CPU microseconds.
MICROSECONDS: dict[str, tuple[float, float | None]] = {
    "get by key": (16, 11),
    "insert one": (32, None),
    "update one": (26, None),
    "delete one": (22, None),
}
#: Scene -> operation -> (the most that is allowed, the wish), as ratios to the driver alone.
RATIOS: dict[str, dict[str, tuple[float, float]]] = {
    "SQLite": {
        "100 rows": (2.0, 1.51),
        "100 parents, 10 children each": (2.0, 1.61),
        "insert 1000": (2.0, 1.66),
    },
    "PostgreSQL, sync": {"get by key": (1.75, 1.5)},
    "PostgreSQL, async": {
        "get by key": (1.5, 1.29),
        "100 rows": (2.0, 1.51),
        "100 parents, 10 children each": (2.0, 1.61),
        "insert 1000": (2.0, 1.83),
    },
}


@dataclass
class Figures:
    """One operation of one adapter: the median of each round, and the best sample of all."""

    rounds: list[float] = field(default_factory=list)
    best: float = float("inf")

    def add(self, samples: list[float]) -> None:
        """Take in the samples of one round."""
        self.rounds.append(statistics.median(samples))
        self.best = min(self.best, *samples)

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    def over(self, other: Figures) -> float:
        """Give the median of the ratios of the rounds; of the medians where one of them lacks a round."""
        if len(self.rounds) != len(other.rounds):
            return self.median / other.median
        return Spread(self.rounds).over(Spread(other.rounds))


#: Name of a peer -> operation -> figures.
Results = dict[str, dict[str, Figures]]


def measure(extent: Extent) -> Section:
    """Run every adapter in every scene."""
    section = Section("Models", TEXT, data={})
    installed: dict[str, dict[str, str]] = {}
    with databases() as both:
        for scene in SCENES:
            peers = peers_of(scene, extent.libraries)
            for peer in peers:
                installed.setdefault(peer.environment, versions_of(python_of(peer.environment)))
            results = _rounds(scene, peers, both, extent, section)
            section.tables.append((scene.name, _table(results, peers)))
            section.goals += _goals(scene, results, peers)
            section.data[scene.name] = {
                name: {
                    operation: {"median": one.median, "best": one.best, "rounds": one.rounds}
                    for operation, one in found.items()
                }
                for name, found in results.items()
            }
    section.notes.insert(0, model_versions(installed))
    return section


def _rounds(
    scene: Scene, peers: list[ModelPeer], both: Databases, extent: Extent, section: Section
) -> Results:
    results: Results = {peer.name: {} for peer in peers}
    for turn in range(extent.rounds):
        print(f"  {scene.name}, round {turn + 1}", file=sys.stderr, flush=True)
        for peer in peers if turn % 2 == 0 else peers[::-1]:
            found = _run(peer, scene, both)
            both.restore(scene.database)
            for operation, samples in found.items():
                if isinstance(samples, str):
                    note = f"{peer.name}, {scene.name}, {operation}: {samples}"
                    if note not in section.notes:
                        section.notes.append(note)
                else:
                    results[peer.name].setdefault(operation, Figures()).add(samples)
    return results


def _run(peer: ModelPeer, scene: Scene, both: Databases) -> dict[str, Any]:
    probe = str(BENCHMARKS / "probes" / "operations.py")
    command = [str(python_of(peer.environment)), "-W", "ignore", probe, peer.adapters[scene.name]]
    variables = {
        **os.environ,
        "PYTHONPATH": str(BENCHMARKS / "models"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATABASE_URL": both.url(scene.database),
    }
    done = subprocess.run(
        pinned(SERVER_CORE, command), env=variables, capture_output=True, text=True, timeout=300
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"start": (done.stderr or done.stdout).strip()[-300:]}
    return found


def _driver(results: Results, peers: list[ModelPeer]) -> dict[str, Figures]:
    return next((results[peer.name] for peer in peers if peer.is_driver), {})


def _table(results: Results, peers: list[ModelPeer]) -> Table:
    table = Table(["", *OPERATIONS])
    driver = _driver(results, peers)

    def key(peer: ModelPeer) -> tuple[bool, float]:
        figures = results[peer.name].get("get by key")
        return not peer.is_driver, figures.median if figures else float("inf")

    for peer in sorted(peers, key=key):
        cells = []
        for operation in OPERATIONS:
            figures, least = results[peer.name].get(operation), driver.get(operation)
            if figures is None:
                cells.append("-")
            else:
                ratio = f" ({figures.over(least):.2f})" if least else ""
                cells.append(f"{number(figures.median)} [{number(figures.best)}]{ratio}")
        name = f"**{peer.name}**" if peer.name == OURS else peer.name
        table.rows.append([f"{name}, the driver alone" if peer.is_driver else name, *cells])
    return table


def _goals(scene: Scene, results: Results, peers: list[ModelPeer]) -> list[Goal]:
    ours, driver = results.get(OURS, {}), _driver(results, peers)
    goals = []
    if scene.name == "SQLite":
        for operation, (most, wished) in MICROSECONDS.items():
            figure = ours[operation].median if operation in ours else None
            goals.append(Goal(f"models, SQLite: {operation}", figure, most, unit=" us", wish=wished))
    for operation, (limit, wish) in RATIOS[scene.name].items():
        ratio = None
        if operation in ours and operation in driver:
            ratio = ours[operation].over(driver[operation])
        goals.append(Goal(f"models, {scene.name}: {operation}, ratio to driver", ratio, limit, wish=wish))
    slower = _worst_against_libraries(ours, results, peers)
    goals.append(Goal(f"models, {scene.name}: ours over the fastest library, worst row", slower, 1.0))
    return goals


def _worst_against_libraries(
    ours: dict[str, Figures], results: Results, peers: list[ModelPeer]
) -> float | None:
    others = [results[peer.name] for peer in peers if not peer.is_driver and peer.name != OURS]
    ratios = [
        figures.over(other[operation])
        for operation, figures in ours.items()
        for other in others
        if operation in other
    ]
    return max(ratios) if ratios else None
