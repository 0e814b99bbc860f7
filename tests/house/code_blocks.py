"""The Python blocks of a documentation page: found, and run in a fresh project.

Every block that begins with ```python runs, unless its info string gives a reason:
```python no-run: needs a Redis server. Blocks of one page run in order and share
their names. A block of any language whose first line is a comment with a path
below the project (`# src/pages/hello/page.py`) is written to that file instead;
after the last block the application starts with them, as in production.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<info>[^`\n]*)$")
_PATH = re.compile(
    r"^(?:#|//|/\*|<!--|\{#) *(?P<path>(?:src|tests|data)/[\w./\[\]:-]+|\w+\.py|\.env) *(?:\*/|-->|#\})?$"
)
_NO_RUN = re.compile(r"\bno-run\b[: ]*(?P<reason>.*)$")

#: What the process that runs the blocks of one page executes; it reads the blocks from its input.
_RUNNER = """
import json, pathlib, sys, warnings
warnings.simplefilter("error")
page = json.load(sys.stdin)
root = pathlib.Path.cwd()
sys.path[:0] = [str(root), str(root / "src")]
names = {"__name__": "__main__", "__file__": str(root / "example.py")}
written = False
for block in page["blocks"]:
    code = chr(10) * block["line"] + block["text"]
    if block["path"]:
        target = root / block["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block["text"], encoding="utf-8")
        written = True
        if target.suffix == ".py":
            compile(code, page["name"], "exec")
    else:
        exec(compile(code, page["name"], "exec"), names)
if written:
    from asok import TestClient
    from wsgi import app
    with TestClient(app):
        pass
"""


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands (`line` of its fence, from 1), what it says, what to do with it."""

    line: int
    language: str
    text: str
    path: str = ""
    is_exempt: bool = False
    reason: str = ""


def find_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page that are run or written, and the exempt ones."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        start = number
        number += 1
        if not opening:
            continue
        closing = re.compile(rf"^ *{re.escape(opening['fence'])}{opening['fence'][0]}* *$")
        body = []
        while number < len(lines) and not closing.match(lines[number]):
            body.append(lines[number].removeprefix(opening["indent"]))
            number += 1
        number += 1
        words = opening["info"].split()
        language = words[0].lower() if words else ""
        code = "\n".join(body) + "\n"
        path = _PATH.match(body[0]) if body else None
        exempt = _NO_RUN.search(opening["info"])
        if language in ("python", "py", "python3") or (path and not exempt):
            yield Block(
                start + 1,
                language,
                code,
                path["path"] if path else "",
                exempt is not None,
                exempt["reason"].strip() if exempt else "",
            )


def run_blocks(name: str, blocks: list[Block], project: Path) -> str:
    """Run the blocks in `project`; gives "" or what went wrong, with the page's own line numbers."""
    page = {
        "name": name,
        "blocks": [{"line": b.line, "text": b.text, "path": b.path} for b in blocks if not b.is_exempt],
    }
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("ASOK_", "AKSARA_"))}
    variables |= {"DEBUG": "false", "APP_URL": "http://localhost", "SECRET_KEY": "k" * 48}
    result = subprocess.run(
        [sys.executable, "-c", _RUNNER],
        input=json.dumps(page),
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return "" if result.returncode == 0 else result.stderr[-3000:] or f"exit code {result.returncode}"
