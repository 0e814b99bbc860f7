"""Measures this framework beside its peers and beside a bare callable, and writes the tables.

    python benchmarks/run.py                       everything, about half an hour
    python benchmarks/run.py --quick               a first look, a few minutes
    python benchmarks/run.py --only http,calls     some parts
    python benchmarks/run.py --peers falcon,flask  some peers; the bare callable and ours always run
    python benchmarks/run.py --record              also writes docs/explanation/speed.md

Needs Linux, wrk and taskset. Environments for the peers are made at the first run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness import imports, in_process, rendering, route_tables, served
from harness.contestants import BARE, CONTESTANTS, OURS
from harness.environments import BENCHMARKS, CHECKOUT
from harness.machine import describe, versions
from harness.settings import Extent
from harness.tables import Section, goals_table

PARTS: dict[str, Callable[[Extent], Section]] = {
    "http": served.measure,
    "direct": in_process.measure_time,
    "calls": in_process.measure_calls,
    "routes": route_tables.measure,
    "import": imports.measure,
    "templates": rendering.measure,
}
PEERS = [name for name in CONTESTANTS if name not in (BARE, OURS)]
QUICK_PEERS = ["starlette", "falcon", "flask"]
RECORD = CHECKOUT / "docs" / "explanation" / "speed.md"
INTRODUCTION = """\
# Speed

What a request costs, measured beside other frameworks and beside a bare function on the same server.
`make bench` makes these tables anew; `make bench ARGS=--record` also writes them here.

Requests per second on a shared machine swing with its neighbours, so they are not shown. What holds is the
CPU time that a request costs the server, as a ratio to a bare callable on the same server in the same run.
Servers run on one core and the load generator on another, contestants in turn and in several rounds, in
production mode, without access log. Ours runs with its safe defaults on: host check, request ids, security
headers, entity tags. Rate limits are off for everyone. A body is compared with what it must be before
anything is measured."""


def main() -> None:
    """Read the command line, measure, print and write."""
    options = _options()
    began = time.monotonic()
    names = [name.strip() for name in options.peers.split(",")] if options.peers else None
    if names is None and options.quick:
        names = QUICK_PEERS
    unknown = [name for name in names or [] if name not in PEERS]
    if unknown:
        raise SystemExit(f"There is no peer {unknown[0]!r}; there are: {', '.join(PEERS)}.")
    parts = options.only.split(",") if options.only else list(PARTS)
    unknown = [name for name in parts if name not in PARTS]
    if unknown:
        raise SystemExit(f"There is no part {unknown[0]!r}; there are: {', '.join(PARTS)}.")
    machine = describe()
    sections = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        rounds = options.rounds or (3 if options.quick else 7)
        extent = Extent(rounds=rounds, seconds=1, peers=names, scratch=Path(scratch))
        for name in parts:
            print(f"{name} ...", file=sys.stderr, flush=True)
            sections.append(PARTS[name](extent))
    measured = [
        one for one in CONTESTANTS.values() if names is None or one.name in names or one.name in (BARE, OURS)
    ]
    facts = f"{machine} {versions(measured)} {rounds} rounds."
    report = "\n\n".join([INTRODUCTION, facts, "## Goals", goals_table(sections), *map(str, sections)]) + "\n"
    results = BENCHMARKS / "results"
    results.mkdir(exist_ok=True)
    (results / "latest.md").write_text(report)
    found = {section.title: section.data for section in sections}
    (results / "latest.json").write_text(json.dumps({"facts": facts, "found": found}, indent=1))
    if options.record:
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        RECORD.write_text(report)
    print(report)
    print(f"{time.monotonic() - began:.0f} s; written to {results / 'latest.md'}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure this framework beside its peers.")
    parser.add_argument("--quick", action="store_true", help="few peers, few rounds")
    parser.add_argument("--only", default="", metavar="PARTS", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--peers", default="", metavar="NAMES", help=f"some of {','.join(PEERS)}")
    parser.add_argument("--rounds", type=int, default=0, help="how often everything is repeated")
    parser.add_argument("--record", action="store_true", help="write docs/explanation/speed.md as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
