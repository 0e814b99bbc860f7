"""Renders the same templates with one engine: `render.py ours|jinja2` prints one JSON object.

Twelve rows of objects, a page that extends another, and a table of a thousand rows
with five columns; CPU microseconds per render, and milliseconds to compile the page.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "apps")]
from answers import ITEMS, TEMPLATES, fortunes  # noqa: E402
from call import microseconds  # noqa: E402

ROWS = [[f"row <{number}>", number, number * 1.5, "eight ch", None] for number in range(1000)]
TABLE = (
    "<table>{% for row in rows %}<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>"
    "{% endfor %}</table>"
)
PAGE = {"user": "alice", "items": ITEMS, "name": "alice"}
Render = Callable[[str, dict[str, Any]], str]


def ours() -> tuple[Render, Render]:
    """Give what renders a file and what renders text."""
    from asok_engine.templates.environment import Environment

    environment = Environment([TEMPLATES])
    return environment.render, environment.render_string


def jinja2() -> tuple[Render, Render]:
    """Give what renders a file and what renders text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False
    )
    table = environment.from_string(TABLE)
    return (
        lambda name, values: environment.get_template(name).render(values),
        lambda source, values: table.render(values),
    )


def main(name: str) -> None:
    """Measure, and print what was found."""
    file, text = {"ours": ours, "jinja2": jinja2}[name]()
    rows = fortunes()
    began = time.process_time()
    first = file("html/page.html", PAGE)
    compiled = (time.process_time() - began) * 1e3
    renders: dict[str, Callable[[], str]] = {
        "12 rows": lambda: file("html/fortunes.html", {"fortunes": rows}),
        "page that extends": lambda: file("html/page.html", PAGE),
        "1000 rows": lambda: text(TABLE, {"rows": ROWS}),
    }
    found: dict[str, Any] = {"first page, ms": compiled}
    if "Item &lt;3&gt;" not in first or "&lt;script" not in renders["12 rows"]():
        raise SystemExit(f"{name} does not escape what it prints")
    if renders["1000 rows"]().count("<tr>") != len(ROWS):
        raise SystemExit(f"{name} has lost rows")
    for label, render in renders.items():

        def run(times: int, render: Callable[[], str] = render) -> None:
            for _ in range(times):
                render()

        found[label] = microseconds(run)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
