"""What people cost: whether failed sign-ins tell anything by their time, and what a session costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from harness.environments import BENCHMARKS, python_of
from harness.processes import SERVER_CORE, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Spread, Table, number

__all__ = ["measure_sessions", "measure_sign_in"]

#: The law is about medians over two hundred tries.
TRIES = 200
PROTOCOLS = {"wsgi": "WSGI, plain page", "asgi": "ASGI, async page"}
DEEDS = {"load": 0.7, "read": None, "save": 4.0, "cookie": None, "cache get": 0.5, "cache set": 0.6}
LABELS = {
    "load": "session load",
    "read": "load and read",
    "save": "session save",
    "cookie": "cookie to handle",
}


def measure_sign_in(extent: Extent) -> Section:
    """Fail to sign in, in four ways that take turns."""
    section = Section(
        "Failed sign-ins",
        f"Milliseconds until the answer, the median of {TRIES} tries [lowest-highest quarter]: somebody who "
        "is unknown, a wrong password, the right password of an account that is switched off, and an account "
        "without a password. The four take turns in an order that changes, each try from another address. "
        "In process, with a model in SQLite and Argon2id at its usual cost.",
        data={},
    )
    table: Table | None = None
    for protocol, label in PROTOCOLS.items():
        found = _probe(section, extent, "sign_in.py", protocol, str(TRIES))
        if found is None:
            continue
        spreads = {way: Spread(values) for way, values in found.items()}
        medians = {way: spread.median for way, spread in spreads.items()}
        ratio = max(medians.values()) / min(medians.values())
        table = table or Table(["", *medians, "slowest over fastest"])
        cells = [f"{number(spread.median)} [{_quarters(spread.values)}]" for spread in spreads.values()]
        table.rows.append([label, *cells, f"{ratio:.3f}"])
        section.data[protocol] = {way: spread.as_json() for way, spread in spreads.items()}
        section.goals.append(Goal(f"{label}: slowest median over the fastest", ratio, 1.05))
    if table is not None:
        section.tables.append(("", table))
    return section


def measure_sessions(extent: Extent) -> Section:
    """Load and save sessions, get and set values of the cache, in memory."""
    section = Section(
        "Sessions and cache in memory",
        "CPU microseconds (the best sample). A session of three keys is loaded from the store, which counts "
        "as its use; `load and read` decodes its values into a request's session as well. One of them is "
        "changed, found to be changed, and written. `cookie to handle` is what a request needs before: "
        "the signature and the hash of the id.",
        data={},
    )
    runs = [_probe(section, extent, "sessions.py") for _ in range(max(2, extent.rounds // 2))]
    best: dict[str, float] = {}
    for run in filter(None, runs):
        for deed, samples in run.items():
            best[deed] = min(best.get(deed, samples[0]), *samples)
    if not best:
        return section
    table = Table(["", *(LABELS.get(deed, deed) for deed in DEEDS)])
    table.rows.append(["**asok (this)**", *(number(best[deed]) for deed in DEEDS)])
    section.tables.append(("", table))
    section.data = best
    section.goals += [
        Goal(LABELS.get(deed, deed), best[deed], limit, " us") for deed, limit in DEEDS.items() if limit
    ]
    return section


def _quarters(values: Any) -> str:
    ordered = sorted(values)
    return f"{number(ordered[len(ordered) // 4])}-{number(ordered[len(ordered) * 3 // 4])}"


def _probe(section: Section, extent: Extent, name: str, *words: str) -> dict[str, list[float]] | None:
    print(f"  {' '.join([name, *words])}", file=sys.stderr, flush=True)
    command = [str(python_of("people")), "-W", "ignore", str(BENCHMARKS / "probes" / name), *words]
    done = subprocess.run(
        pinned(SERVER_CORE, command),
        env={**os.environ, "BENCH_SCRATCH": str(extent.scratch)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        section.notes.append(f"{' '.join([name, *words])}: {(done.stderr or done.stdout).strip()[-300:]}")
        return None
    found: dict[str, list[float]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
