"""The guides: Markdown files below content/docs, by their path."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "content" / "docs"
_NAME = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*\Z")


def guide_page(request, name: str):
    """Answer with a guide, or 404 for a name that is none."""
    path = FOLDER / f"{name}.md"
    if not _NAME.match(name) or not path.is_file():
        request.abort(404, "There is no such guide.")
    text = path.read_text(encoding="utf-8")
    title = text.partition("\n")[0].lstrip("# ")
    request.meta.title(f"{title} · Guides")
    return request.html("html/guide.html", text=text, at_index=name == "index")
