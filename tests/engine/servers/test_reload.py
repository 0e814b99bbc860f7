"""Changes of a project are seen, and only those."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import watchfiles

from asok_engine.servers.reload import Changes, PolledChanges, WatchedChanges, changes_in


def project(root: Path) -> Path:
    (root / "src" / "pages").mkdir(parents=True)
    (root / "src" / "pages" / "page.html").write_text("one")
    (root / "wsgi.py").write_text("app = 1")
    return root


def polled(root: Path) -> Changes:
    return PolledChanges(root, tick_seconds=0.01)


def watched(root: Path) -> Changes:
    return WatchedChanges(root, watchfiles.watch)


@pytest.fixture(params=[polled, watched])
def changes_of(request: pytest.FixtureRequest) -> Callable[[Path], Changes]:
    make: Callable[[Path], Changes] = request.param
    return make


def settle(changes: Changes, wanted: set[Path]) -> set[Path]:
    """Wait until the wanted changes were told, at most 5 s."""
    seen: set[Path] = set()
    deadline = time.monotonic() + 5
    while not wanted <= seen and time.monotonic() < deadline:
        seen |= changes.wait()
    return seen


def test_written_new_and_deleted_files_are_told(
    changes_of: Callable[[Path], Changes], tmp_path: Path
) -> None:
    """A page, a new module, the environment file and a deleted file all count."""
    root = project(tmp_path.resolve())
    gone = root / "src" / "gone.py"
    gone.write_text("")
    changes = changes_of(root)
    changes.wait()
    page, new, env = root / "src" / "pages" / "page.html", root / "src" / "new.py", root / ".env"
    page.write_text("changed")
    new.write_text("")
    env.write_text("DEBUG=true")
    gone.unlink()
    assert settle(changes, {page, new, env, gone}) == {page, new, env, gone}


def test_what_the_application_writes_is_not_told(
    changes_of: Callable[[Path], Changes], tmp_path: Path
) -> None:
    """Uploads, caches, logs and databases do not start the application again."""
    root = project(tmp_path.resolve())
    (root / "src" / "partials" / "uploads").mkdir(parents=True)
    (root / "src" / "__pycache__").mkdir()
    changes = changes_of(root)
    changes.wait()
    (root / "src" / "partials" / "uploads" / "mine.html").write_text("")
    (root / "src" / "__pycache__" / "x.py").write_text("")
    (root / "db.sqlite3").write_text("")
    (root / "src" / "app.log").write_text("")
    marker = root / "src" / "marker.py"
    marker.write_text("")
    assert settle(changes, {marker}) == {marker}


def test_same_content_written_again_counts(tmp_path: Path) -> None:
    """A save is a change, also one that keeps the size."""
    root = project(tmp_path)
    changes = PolledChanges(root, tick_seconds=0.01)
    page = root / "src" / "pages" / "page.html"
    status = page.stat()
    os.utime(page, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert changes.look() == {page}
    assert changes.look() == set()


def test_project_without_src_is_polled(tmp_path: Path) -> None:
    """A bare wsgi.py is enough of a project."""
    (tmp_path / "wsgi.py").write_text("")
    changes = changes_in(tmp_path)
    (tmp_path / "wsgi.py").write_text("app = 2")
    assert settle(changes, {tmp_path / "wsgi.py"}) == {tmp_path / "wsgi.py"}
