"""The button of the DEBUG page that applies the migrations that are missing.

Composed in DEBUG only. It runs `asok migrate` in a process of its own, so that the
application carries nothing of migrations, and refuses what that refuses. The
visitor's form token is asked for whatever the settings say, so that no other page
presses it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.kernel import Endpoint
from asok_engine.dispatch.routes import RouteTable
from asok_engine.errors import UsageError
from asok_engine.wire.response import Response

__all__ = ["MIGRATE_PATH", "MigrateButton"]

MIGRATE_PATH = "/__migrate"
_LONGEST_SECONDS = 120
#: How `asok migrate --status` tells of a migration that is still to be applied.
_MISSING = re.compile(r"^\S+ +(?:missing|stopped half-way)\b", re.MULTILINE)


class MigrateButton:
    """Runs `asok migrate` in a project's folder."""

    def __init__(self, root: Path, check: Callable[[Any], None]) -> None:
        self._root = root
        self._check = check

    def add_route(self, routes: RouteTable) -> None:
        """Answer POST at the button's address."""
        handler = Handler(self.press, "the button that migrates", is_async=False)
        routes.add(MIGRATE_PATH, {"POST": Endpoint(handler)}, source="the button that migrates")

    def has_work(self) -> bool:
        """Tell whether a migration waits to be applied, or may: without an answer the button is offered."""
        try:
            run = self._migrate("--status")
        except subprocess.TimeoutExpired:
            return True
        return run.returncode != 0 or _MISSING.search(run.stdout) is not None

    def _migrate(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "asok.cli", "migrate", *words]
        return subprocess.run(
            command, cwd=self._root, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False
        )

    def press(self, request: Any) -> Response:
        """Apply what is missing and lead back to the page that failed.

        Raises:
            UsageError: `asok migrate` refused, or had nothing to apply; with what it said.
        """
        self._check(request)
        run = self._migrate()
        if run.returncode or "applied" not in run.stderr:
            raise UsageError(
                f"asok migrate applied nothing. {run.stdout} {run.stderr}".strip(),
                fix="If the table or column is in no migration yet: asok make migration.",
            )
        answer: Response = request.redirect(request.form.get("back") or "/")
        return answer
