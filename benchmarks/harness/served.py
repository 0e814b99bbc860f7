"""Server CPU per request, behind real servers and real sockets.

Every contestant of a server is started, on one core; wrk asks from the other. They
are measured in turn, each round in the reverse order of the one before, so that
what the machine does meanwhile falls on all of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from harness.contestants import BARE, OURS, SERVERS, Contestant, Server, chosen
from harness.processes import Serving, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Spread, Table, number
from harness.workloads import ENTER, PAGE, VISITOR, WORKLOADS, Workload

__all__ = ["Figures", "measure", "measure_page", "measured_in_turn", "prepare_wrk"]

CLIENT_CORE = "1"
LUA = (
    "done = function(summary) local e = summary.errors; io.write(string.format('RESULT %d %d %d\\n', "
    "summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout)) end\n"
)
SYNC = f"{OURS}, sync pages"
SESSION = f"{OURS}, with a session"
PLAIN_PAGES = ("plaintext", "json", "params", "fortunes")
TEXT = (
    "CPU microseconds of the server's processes per request, median of the rounds [lowest-highest], and in "
    "parentheses the ratio to the bare callable on the same server: the median of the ratios within each "
    "round, and the ratio of the two best rounds, which other work on the machine disturbs least. Lower is "
    "better. The figures include what the server and the kernel's sockets need. `static` is a file of 10 KB, "
    "which the bare callable has in memory; `page` is a template that extends another, "
    "behind three middlewares; ours puts a form token into its form. With a session, the visitor's cookie is "
    "verified too, and the page takes their name from there. A sync page under an event loop runs in a "
    "thread."
)


@dataclass
class Figures:
    """The rounds of one contestant with one workload."""

    cpu_us: list[float]
    per_second: list[float]

    @property
    def spread(self) -> Spread:
        """The CPU microseconds."""
        return Spread(self.cpu_us)


Results = dict[str, dict[str, Figures]]


def measure(extent: Extent) -> Section:
    """Run every server with its contestants."""
    prepare_wrk(extent)
    section = Section("Behind a server", TEXT, data={})
    for server in SERVERS.values():
        few = server.name.startswith("granian")
        contestants = chosen(extent.peers, server.kind, few=few)
        results = _run(server, contestants, extent, section, links=False)
        results.update(
            _run(server, [one for one in contestants if one.has_page], extent, section, links=True)
        )
        section.tables.append((server.name, _table(results, contestants)))
        section.goals += _goals(server, results)
        section.data[server.name] = {
            workload: {
                name: {"cpu_us": figures.spread.as_json(), "per_second": figures.per_second}
                for name, figures in by_name.items()
            }
            for workload, by_name in results.items()
        }
        if server.name == "uvicorn":
            section.goals.append(
                Goal("uvicorn: a sync page over the same page async", _hop(results), 2.5, wish=2.2)
            )
    section.tables.append(("Granian: RSGI against ASGI", _rsgi(section.data)))
    return section


def measure_page(extent: Extent) -> Section:
    """Run the full page alone: for a visitor who is nobody, and for one with a session."""
    prepare_wrk(extent)
    section = Section(
        "A full page",
        "CPU microseconds of the server's processes per request, as in the table of requests: a template "
        "that extends another, a form with a token, behind three middlewares. With a session, the cookie "
        "is verified, the session loaded, and the page takes the visitor's name from there. In "
        "parentheses the ratios to the bare callable: of the rounds, and of the best rounds.",
        data={},
    )
    table = Table(["", BARE, OURS, "with a session"])
    for server in SERVERS.values():
        pair = [one for one in chosen(None, server.kind, few=True) if one.has_page]
        figures = _run(server, pair, extent, section, links=True)[PAGE.name]
        bare = figures.get(BARE)
        if bare is None:
            continue
        cells = [str(bare.spread)]
        for name in (OURS, SESSION):
            found = figures.get(name)
            ratios = "" if found is None else _ratios(found, bare)
            cells.append("-" if found is None else f"{found.spread} ({ratios})")
        table.rows.append([server.name, *cells])
        section.data[server.name] = {name: one.spread.as_json() for name, one in figures.items()}
        visitor = figures.get(SESSION)
        ratio = None if visitor is None else visitor.spread.over(bare.spread)
        section.goals.append(
            Goal(f"{server.name}: full page with a session, ratio to bare", ratio, 1.45, wish=1.25)
        )
    section.tables.append(("", table))
    return section


def _ratios(figures: Figures, bare: Figures) -> str:
    return f"{figures.spread.over(bare.spread):.2f}, {figures.spread.best / bare.spread.best:.2f}"


def prepare_wrk(extent: Extent) -> None:
    """Write what wrk runs when it has finished.

    Raises:
        SystemExit: wrk is not installed.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; Debian: apt-get install wrk.")
    (extent.scratch / "wrk.lua").write_text(LUA)


def _run(
    server: Server, contestants: list[Contestant], extent: Extent, section: Section, *, links: bool
) -> Results:
    print(f"  {server.name}{', full page' if links else ''}", file=sys.stderr, flush=True)
    serving: list[tuple[Contestant, Serving]] = []
    results: Results = {}
    try:
        for contestant in contestants:
            try:
                serving.append((contestant, Serving(contestant, server, extent.scratch, links=links)))
            except RuntimeError as error:
                section.notes.append(f"{server.name}: {error}")
        if links:
            able = [(one.name, one, one.path(PAGE)) for _, one in serving]
            able += [(SESSION, one, one.path(VISITOR)) for _, one in serving if one.name == OURS]
            results[PAGE.name] = measured_in_turn(PAGE, able, extent, section)
            return results
        for workload in WORKLOADS.values():
            able = [
                (one.name, one, one.path(workload))
                for peer, one in serving
                if workload.name in peer.workloads
            ]
            if workload.name in PLAIN_PAGES and server.kind != "wsgi":
                able += [(SYNC, one, workload.url("/plain")) for _, one in serving if one.name == OURS]
            results[workload.name] = measured_in_turn(workload, able, extent, section)
        return results
    finally:
        for _, one in serving:
            one.stop()


def measured_in_turn(
    workload: Workload, able: list[tuple[str, Serving, str]], extent: Extent, section: Section
) -> dict[str, Figures]:
    """Measure (name, server, path) in turn; give figures by name, none for one whose answer is wrong."""
    figures: dict[str, Figures] = {}
    cookies: dict[str, str] = {}
    for name, one, path in able:
        cookie = _cookie(one) if name == SESSION else ""
        status, body = one.ask(path, cookie)
        if status != 200 or not workload.is_right(body):
            section.notes.append(f"{name} answered {path} with {status} {body[:300]!r}; it is not measured.")
            continue
        _ask_for_a_while(one.port, path, 1, extent, cookie)
        figures[name], cookies[name] = Figures([], []), cookie
    for turn in range(extent.rounds):
        for name, one, path in able if turn % 2 == 0 else able[::-1]:
            if name not in figures:
                continue
            before = one.cpu_seconds()
            requests, seconds, errors = _ask_for_a_while(
                one.port, path, extent.seconds, extent, cookies[name]
            )
            used = one.cpu_seconds() - before
            if errors:
                section.notes.append(f"{name}, {path}: {errors} errors of {requests}.")
            figures[name].cpu_us.append(used / max(1, requests) * 1e6)
            figures[name].per_second.append(requests / seconds)
    return figures


def _cookie(one: Serving) -> str:
    """Begin a session; give its cookie."""
    one.ask(ENTER)
    return one.given_cookie


def _ask_for_a_while(
    port: int, path: str, seconds: int, extent: Extent, cookie: str = ""
) -> tuple[int, float, int]:
    command = ["wrk", "-t1", f"-c{extent.connections}", f"-d{seconds}s", "--timeout", "5s"]
    command += ["-H", f"Cookie: {cookie}"] if cookie else []
    command += ["-s", str(extent.scratch / "wrk.lua"), f"http://127.0.0.1:{port}{path}"]
    done = subprocess.run(pinned(CLIENT_CORE, command), capture_output=True, text=True, check=True)
    found = re.search(r"RESULT (\d+) (\d+) (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(f"wrk said nothing that can be read: {done.stdout[-300:]}")
    requests, microseconds, errors = (int(group) for group in found.groups())
    return requests, microseconds / 1e6, errors


def _table(results: Results, contestants: list[Contestant]) -> Table:
    workloads = list(results)
    table = Table(["", *workloads])
    order = [one.name for one in contestants]
    order += [name for name in (SYNC, SESSION) if any(name in figures for figures in results.values())]
    order.sort(key=lambda name: _key(results, name))
    for name in order:
        cells = []
        for workload in workloads:
            figures, bare = results[workload].get(name), results[workload].get(BARE)
            if figures is None:
                cells.append("-")
            elif bare is None:
                cells.append(str(figures.spread))
            else:
                cells.append(f"{figures.spread} ({_ratios(figures, bare)})")
        table.rows.append([f"**{name}**" if name in (OURS, SYNC, SESSION) else name, *cells])
    return table


def _key(results: Results, name: str) -> float:
    figures = results["plaintext"].get(name)
    return figures.spread.median if figures else float("inf")


def _ratio(results: Results, workload: str) -> float | None:
    by_name = results.get(workload, {})
    if OURS not in by_name or BARE not in by_name:
        return None
    return by_name[OURS].spread.over(by_name[BARE].spread)


def _goals(server: Server, results: Results) -> list[Goal]:
    wished = 1.15 if server.kind == "asgi" else 1.04 if server.kind == "wsgi" else None
    goals = [
        Goal(f"{server.name}: {workload}, ratio to bare", _ratio(results, workload), 1.25, wish=wished)
        for workload in ("plaintext", "json", "params")
    ]
    goals.append(Goal(f"{server.name}: fortunes, ratio to bare", _ratio(results, "fortunes"), 1.0, wish=0.85))
    goals.append(Goal(f"{server.name}: full page, ratio to bare", _ratio(results, "page"), 1.25))
    goals.append(Goal(f"{server.name}: 10 KB file, ratio to bare", _ratio(results, "static"), 1.3))
    return goals


def _hop(results: Results) -> float | None:
    by_name = results["plaintext"]
    if OURS not in by_name or SYNC not in by_name:
        return None
    return by_name[SYNC].spread.over(by_name[OURS].spread)


def _rsgi(data: dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]) -> Table:
    table = Table(["ours, CPU us per request", "granian ASGI", "granian RSGI", "ratio"])
    for workload in (*PLAIN_PAGES, "static", "page"):
        found = [
            data.get(f"granian {kind}", {}).get(workload, {}).get(OURS, {}).get("cpu_us", {}).get("median")
            for kind in ("ASGI", "RSGI")
        ]
        asgi, rsgi = found
        if asgi is not None and rsgi is not None:
            table.rows.append([workload, number(asgi), number(rsgi), f"{rsgi / asgi:.2f}"])
    return table
