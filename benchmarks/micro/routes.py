"""Prints what a look-up in the route table costs with 10 and with 10 000 routes.

Run it with `python benchmarks/micro/routes.py`. Times are the best of several
rounds, in microseconds; the ratio says how flat the cost is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from asok_engine.dispatch.routes import RouteTable

ROUNDS = 7
LOOKUPS = 20_000


def table_of(size: int) -> tuple[RouteTable, float]:
    """Make a table with `size` routes, half of them with parameters, and say how many seconds that took."""
    table = RouteTable()
    began = time.perf_counter()
    for number in range(size // 2):
        table.add(f"/static/section{number}/page", {"GET": number}, source="benchmark")
        table.add(f"/users{number}/[id:int]/posts/[slug]", {"GET": number}, source="benchmark")
    table.add("/files/[rest:path]", {"GET": 0}, source="benchmark")
    table.compile()
    return table, time.perf_counter() - began


def microseconds(match: Callable[[str], object], path: str) -> float:
    """Time one look-up."""
    best = float("inf")
    repeat = range(LOOKUPS)
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in repeat:
            match(path)
        best = min(best, time.perf_counter() - began)
    return best / LOOKUPS * 1e6


def main() -> None:
    """Print the table."""
    small, small_seconds = table_of(10)
    large, large_seconds = table_of(10_000)
    print(f"building: 10 routes {small_seconds * 1e3:.2f} ms, 10 000 routes {large_seconds * 1e3:.0f} ms")
    print(f"{'look-up':<16}{'10 routes':>12}{'10 000':>12}{'ratio':>8}")
    for name, few, many in (
        ("static", "/static/section4/page", "/static/section4999/page"),
        ("two parameters", "/users4/17/posts/hello", "/users4999/17/posts/hello"),
        ("catch-all", "/files/a/b/c.txt", "/files/a/b/c.txt"),
        ("missing, known", "/users4/17/posts", "/users4999/17/posts"),
        ("missing", "/nothing/here", "/nothing/here"),
    ):
        first, second = microseconds(small.match, few), microseconds(large.match, many)
        print(f"{name:<16}{first:>12.3f}{second:>12.3f}{second / first:>8.2f}")


if __name__ == "__main__":
    main()
