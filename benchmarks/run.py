"""Measures this framework beside its peers and beside a bare callable, and writes the tables.

    python benchmarks/run.py                       everything, about three quarters of an hour
    python benchmarks/run.py --quick               a first look, some minutes
    python benchmarks/run.py --only http,calls     some parts
    python benchmarks/run.py --peers falcon,flask  some peers; the bare callable and ours always run
    python benchmarks/run.py --record              also writes the pages in docs/explanation

Needs Linux, wrk and taskset, and PostgreSQL for the models. Environments for the peers
are made at the first run. Requests and models are two reports: each is written when one
of its parts was measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import imports, in_process, models, people, rendering, route_tables, row_pages, served, sockets
from harness.contestants import BARE, CONTESTANTS, OURS, Contestant
from harness.environments import BENCHMARKS, CHECKOUT
from harness.machine import describe, versions
from harness.model_peers import MODEL_PEERS
from harness.pages import page_of
from harness.settings import Extent
from harness.tables import Section

PEERS = [name for name in CONTESTANTS if name not in (BARE, OURS)]
LIBRARIES = [peer.name for peer in MODEL_PEERS if not peer.is_driver and peer.name != OURS]
QUICK_PEERS = ["starlette", "falcon", "flask"]
REQUESTS = """\
# Speed

What a request costs, measured beside other frameworks and beside a bare function on the same server.
`make bench` makes these tables anew; `make bench ARGS=--record` also writes them here.

Requests per second on a shared machine swing with its neighbours, so they are not shown. What holds is the
CPU time that a request costs the server, as a ratio to a bare callable on the same server in the same run.
Servers run on one core and the load generator on another, contestants in turn and in several rounds, in
production mode, without access log. Ours runs with its safe defaults on: host check, request ids, security
headers, entity tags. Rate limits are off for everyone. A body is compared with what it must be before
anything is measured."""
MODELS = """\
# Speed of models

What a row costs, measured beside other libraries and beside the driver alone.
`make bench ARGS="--only models,rows"` makes these tables anew; with `--record` it also writes them here.

Every library has its own environment. They run in turn and in several rounds, on one core, on the same
tables: a SQLite file in memory, in WAL mode, and a PostgreSQL server that the run starts for itself on the
other core. What an operation gives, and what a page answers, is checked before it is measured."""

SOCKETS = """\
# Speed of WebSockets

What a message costs, measured beside other frameworks, beside the library alone and beside a bare callable.
`make bench ARGS="--only sockets"` makes this table anew; with `--record` it also writes it here."""


PEOPLE = """\
# Speed of people

Whether the time of an answer tells something about an account, and what a session costs.
`make bench ARGS="--only sign-in,sessions,page"` makes these tables anew; with `--record` it also writes
them here."""


@dataclass(frozen=True)
class Report:
    """A page of tables: where it goes, how it begins, and the parts that it is made of."""

    name: str
    introduction: str
    parts: dict[str, Callable[[Extent], Section]]
    #: Whether it tells the versions of the frameworks behind servers.
    has_servers: bool

    @property
    def page(self) -> Path:
        """The page of the documentation that shows it."""
        return CHECKOUT / "docs" / "explanation" / f"{self.name}.md"


REPORTS = (
    Report(
        "speed",
        REQUESTS,
        {
            "http": served.measure,
            "direct": in_process.measure_time,
            "calls": in_process.measure_calls,
            "routes": route_tables.measure,
            "import": imports.measure,
            "templates": rendering.measure,
        },
        has_servers=True,
    ),
    Report(
        "speed-of-models", MODELS, {"models": models.measure, "rows": row_pages.measure}, has_servers=False
    ),
    Report("speed-of-sockets", SOCKETS, {"sockets": sockets.measure}, has_servers=False),
    Report(
        "speed-of-people",
        PEOPLE,
        {
            "sign-in": people.measure_sign_in,
            "sessions": people.measure_sessions,
            "page": served.measure_page,
        },
        has_servers=False,
    ),
)
PARTS = [part for report in REPORTS for part in report.parts]


def main() -> None:
    """Read the command line, measure, print and write."""
    options = _options()
    began = time.monotonic()
    names = [name.strip() for name in options.peers.split(",")] if options.peers else None
    every = list(dict.fromkeys([*PEERS, *LIBRARIES, *row_pages.LIBRARIES]))
    unknown = [name for name in names or [] if name not in every]
    if unknown:
        raise SystemExit(f"There is no peer {unknown[0]!r}; there are: {', '.join(every)}.")
    libraries = names
    if names is None and options.quick:
        names = QUICK_PEERS
    parts = options.only.split(",") if options.only else PARTS
    unknown = [name for name in parts if name not in PARTS]
    if unknown:
        raise SystemExit(f"There is no part {unknown[0]!r}; there are: {', '.join(PARTS)}.")
    rounds = options.rounds or (3 if options.quick else 7)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        extent = Extent(rounds=rounds, seconds=1, peers=names, scratch=Path(scratch), libraries=libraries)
        for report in REPORTS:
            wanted = [part for part in report.parts if part in parts]
            if wanted:
                _make(report, wanted, extent, is_recorded=options.record)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)


def _make(report: Report, parts: Sequence[str], extent: Extent, *, is_recorded: bool) -> None:
    machine = describe()
    sections = []
    for part in parts:
        print(f"{part} ...", file=sys.stderr, flush=True)
        sections.append(report.parts[part](extent))
    facts = f"{machine} {extent.rounds} rounds."
    if report.has_servers:
        facts += f" {versions(_contestants(extent.peers))}"
    for section in sections:
        section.facts = facts
    text = page_of(report.introduction, sections)
    results = BENCHMARKS / "results"
    results.mkdir(exist_ok=True)
    (results / f"{report.name}.md").write_text(text)
    found = {section.title: section.data for section in sections}
    (results / f"{report.name}.json").write_text(json.dumps({"facts": facts, "found": found}, indent=1))
    if is_recorded:
        is_whole = len(parts) == len(report.parts) or not report.page.exists()
        before = "" if is_whole else report.page.read_text()
        report.page.parent.mkdir(parents=True, exist_ok=True)
        report.page.write_text(page_of(report.introduction, sections, before))
    print(text)
    print(f"  written to {results / report.name}.md", file=sys.stderr)


def _contestants(names: Sequence[str] | None) -> list[Contestant]:
    return [
        one for one in CONTESTANTS.values() if names is None or one.name in names or one.name in (BARE, OURS)
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure this framework beside its peers.")
    parser.add_argument("--quick", action="store_true", help="few peers, few rounds")
    parser.add_argument("--only", default="", metavar="PARTS", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--peers", default="", metavar="NAMES", help="some peers or libraries")
    parser.add_argument("--rounds", type=int, default=0, help="how often everything is repeated")
    parser.add_argument("--record", action="store_true", help="write the pages in docs/explanation as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
