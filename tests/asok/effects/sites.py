"""Small projects whose settings are given in code or in `.env`, for tests that watch what a setting does.

A project is a folder with pages; everything in it is real, the application is
made by `Asok` and asked through a test client or a server. A production start
needs SECRET_KEY and APP_URL, so they are there unless a test says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asok import Asok

__all__ = ["BOTH", "KEY", "env_line", "make_app", "write_project"]

KEY = "0123456789-abcdefghijklmnopqrstuvwxyz"

#: How a setting is given: the law holds for both.
BOTH = pytest.mark.parametrize("by", ["code", ".env"])

HELLO = {"page.py": "def get(request):\n    return 'hello'\n"}
WSGI = "from asok import Asok\n\napp = Asok()\n"

_NEEDED = {"SECRET_KEY": KEY, "APP_URL": "http://localhost"}


def env_line(name: str, value: Any) -> str:
    """Give the line of `.env` that says what `config[name] = value` says."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, dict):
        # Bare, because sources of a policy have quotes of their own.
        text = json.dumps(value)
    elif isinstance(value, list):
        text = ",".join(value)
    else:
        text = str(value)
    return f"{name}={text}\n"


def write_project(
    root: Path,
    env: Mapping[str, Any] | None = None,
    *,
    pages: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    wsgi: str = WSGI,
) -> Path:
    """Write a project that servers and commands can run: wsgi.py, `.env`, pages, other files."""
    texts = {f"src/pages/{name}": text for name, text in (HELLO if pages is None else pages).items()}
    for name, text in {"wsgi.py": wsgi, **texts, **(files or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    dotenv = root / ".env"
    dotenv.write_text("".join(env_line(name, value) for name, value in {**_NEEDED, **(env or {})}.items()))
    dotenv.chmod(0o600)
    return root


def make_app(
    root: Path,
    settings: Mapping[str, Any] | None = None,
    *,
    by: str = "code",
    without: tuple[str, ...] = (),
    pages: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> Asok:
    """Make the application of a project; `by` says where `settings` are given, "code" or ".env".

    `without` names what is not set of what a production start needs.
    """
    given = dict(settings or {})
    write_project(root, given if by == ".env" else {}, pages=pages, files=files)
    for name in without:
        _remove_line(root / ".env", name)
    app = Asok(root)
    if by == "code":
        app.config.update(given)
    return app


def _remove_line(file: Path, name: str) -> None:
    kept = [line for line in file.read_text().splitlines(True) if not line.startswith(f"{name}=")]
    file.write_text("".join(kept))
