"""Finding the file of a name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asok_engine.templates.lookup import Roots


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    for name in ("one/a.html", "two/a.html", "two/sub/b.asok", "own/a.html", "secret.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return Roots([tmp_path / "one", tmp_path / "two"])


def test_first_folder_wins(roots: Roots, tmp_path: Path) -> None:
    """Folders are searched in order, the page's own before them, and one file may be passed over."""
    assert roots.find("a.html") == tmp_path / "one/a.html"
    assert roots.find("a.html", tmp_path / "own") == tmp_path / "own/a.html"
    assert roots.find("a.html", tmp_path / "own", tmp_path / "own/a.html") == tmp_path / "one/a.html"
    assert roots.find("./sub//b.asok") == tmp_path / "two/sub/b.asok"


def test_ending_may_be_left_out(roots: Roots, tmp_path: Path) -> None:
    """A name without an ending finds `.html` and `.asok`."""
    assert roots.find("a") == tmp_path / "one/a.html"
    assert roots.find("sub/b") == tmp_path / "two/sub/b.asok"
    assert roots.find("sub") is None


@pytest.mark.parametrize(
    "name",
    ["../secret.html", "sub/../../secret.html", "..", ".", "/a.html", "\\a.html", "sub\\b.asok", "a.html\0", "c:a.html", "C:/a.html", "", "//", "a\n.html", "link.html", "linked/secret.html"],
)  # fmt: skip
def test_names_that_leave_are_not_found(roots: Roots, tmp_path: Path, name: str) -> None:
    """Dots, absolute paths, other separators, control characters and links do not lead out."""
    os.symlink(tmp_path / "secret.html", tmp_path / "one/link.html")
    os.symlink(tmp_path, tmp_path / "one/linked")
    assert roots.find(name) is None
    assert roots.missing(name).fix


def test_links_inside_are_followed(roots: Roots, tmp_path: Path) -> None:
    """A link to a file in the same folder is a file of that folder."""
    os.symlink(tmp_path / "one/a.html", tmp_path / "one/inside.html")
    assert roots.find("inside.html") == tmp_path / "one/inside.html"


def test_missing_name_lists_folders_and_suggests(roots: Roots, tmp_path: Path) -> None:
    """The error lists every folder that was searched and the nearest name."""
    error = roots.missing("sub/bb.asok", tmp_path / "own")
    assert [str(tmp_path / name) in error.message for name in ("own", "one", "two")] == [True] * 3
    assert "sub/b.asok" in error.fix
    assert "no folder" in Roots([]).missing("x.html").message
