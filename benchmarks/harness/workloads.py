"""The requests that are measured, and what their answers must be.

A contestant whose answer is not right is not measured. The checks read bodies as a
client would, so spaces and the order of keys do not count.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["PAGE", "WORKLOADS", "Workload"]


@dataclass(frozen=True)
class Workload:
    """One GET request: where it goes and what must come back."""

    name: str
    path: str
    query: str
    is_right: Callable[[bytes], bool]

    def url(self, prefix: str = "") -> str:
        """Give path and query; `prefix` is put before the path."""
        return f"{prefix}{self.path}?{self.query}" if self.query else prefix + self.path


def _fortunes(body: bytes) -> bool:
    text = body.decode()
    in_order = text.index("A cache is a bet") < text.index("Added while") < text.index("Every program")
    return text.count("<tr>") == 13 and "&lt;script&gt;" in text and "Zdeněk" in text and in_order


def _page(body: bytes) -> bool:
    text = body.decode()
    return (
        text.count("<li>") == 12
        and "Item &lt;3&gt;" in text
        and "Hello alice" in text
        and "<title>Orders" in text
    )


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("plaintext", "/plaintext", "", lambda body: body == b"Hello, World!"),
        Workload("json", "/json", "", lambda body: json.loads(body) == {"message": "Hello, World!"}),
        Workload(
            "params",
            "/items/17",
            "q=hello&limit=10",
            lambda body: json.loads(body) == {"id": 17, "q": "hello", "limit": 10},
        ),
        Workload("fortunes", "/fortunes", "", _fortunes),
        Workload("static", "/css/ten.txt", "", lambda body: body == b"0123456789abcdef" * 640),
    )
}
#: A template that extends another, behind three middlewares; its processes carry those for every path.
PAGE = Workload("page", "/page", "", _page)
#: The same page for a visitor with a session, whose name it takes from there.
VISITOR = Workload("visitor", "/visitor", "", _page)
ENTER = "/enter"
