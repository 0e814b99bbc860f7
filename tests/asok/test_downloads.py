"""Files that a handler sends stay below their folder and have a name that browsers read rightly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok.downloads import Downloads, content_disposition
from asok_engine.errors import ForbiddenError, NotFoundError
from asok_engine.wire.headers import encode_field
from asok_engine.wire.response import FileBody, Response


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """A folder with uploads, beside one that starts with the same letters."""
    root = tmp_path / "uploads"
    (root / "deep").mkdir(parents=True)
    (root / "report.pdf").write_bytes(b"1234")
    (root / "deep/notes.txt").write_text("x")
    (tmp_path / "uploads-private").mkdir()
    (tmp_path / "uploads-private/key.pem").write_text("x")
    (tmp_path / "secret.txt").write_text("x")
    return root


def sent(folder: Path, path: str | Path, filename: str | None = None, **options: Any) -> Response:
    """Send a file as `request.send_file` does."""
    return Downloads(folder).answer(path, filename, **{"as_attachment": True, "base_dir": None, **options})


def test_file_is_a_download_under_its_own_name(uploads: Path) -> None:
    """From the folder of uploads, by the server, with type and name."""
    response = sent(uploads, "report.pdf")
    assert isinstance(response.body, FileBody)
    assert (Path(response.body.path), response.body.size) == (uploads / "report.pdf", 4)
    assert response.content_type == "application/pdf"
    assert response.headers["Content-Disposition"] == 'attachment; filename="report.pdf"'


def test_name_and_manner_may_be_said(uploads: Path) -> None:
    """The type follows the name that is shown."""
    response = sent(uploads, Path("deep") / "notes.txt", "x.csv", as_attachment=False)
    assert response.headers["Content-Disposition"] == 'inline; filename="x.csv"'
    assert response.content_type == "text/csv; charset=utf-8"


def test_another_folder_may_be_said(uploads: Path, tmp_path: Path) -> None:
    """`base_dir` replaces the folder of uploads, as text or as a path."""
    for folder in (tmp_path, str(tmp_path)):
        assert sent(uploads, "secret.txt", base_dir=folder).status_code == 200


@pytest.mark.parametrize(
    "path", ["../secret.txt", "deep/../../secret.txt", "../uploads-private/key.pem", "..", "", "."]
)
def test_path_that_leaves_the_folder_is_forbidden(uploads: Path, path: str) -> None:
    """Also into a folder whose name begins alike."""
    with pytest.raises(ForbiddenError):
        sent(uploads, path)


@pytest.mark.parametrize("path", ["none.pdf", "deep", "report.pdf/x", "a\x00b", "x" * 5000, "/etc/passwd"])
def test_what_is_no_file_is_not_found(uploads: Path, path: str) -> None:
    """Missing files, folders, NUL; an absolute path means one below the folder."""
    with pytest.raises(NotFoundError):
        sent(uploads, path)


def test_link_out_of_the_folder_is_forbidden(uploads: Path, tmp_path: Path) -> None:
    """A link inside is a file; a pipe is none."""
    (uploads / "out.txt").symlink_to(tmp_path / "secret.txt")
    (uploads / "in.pdf").symlink_to("report.pdf")
    with pytest.raises(ForbiddenError):
        sent(uploads, "out.txt")
    assert sent(uploads, "in.pdf").status_code == 200
    os.mkfifo(uploads / "pipe")
    with pytest.raises(NotFoundError):
        sent(uploads, "pipe")


def test_folder_that_is_itself_a_link_is_the_folder(uploads: Path, tmp_path: Path) -> None:
    """Uploads often stand on another disk."""
    link = tmp_path / "linked"
    link.symlink_to(uploads)
    assert sent(link, "report.pdf").status_code == 200


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("a b.pdf", 'attachment; filename="a b.pdf"'),
        ("Zoë.pdf", "attachment; filename=\"Zo_.pdf\"; filename*=UTF-8''Zo%C3%AB.pdf"),
        ('a"b.pdf', 'attachment; filename="a_b.pdf"'),
        ("a\\b.pdf", 'attachment; filename="a_b.pdf"'),
        ("../../x.sh", 'attachment; filename="_.._x.sh"'),
        ("a\r\nX-Evil: 1", 'attachment; filename="a_X-Evil: 1"'),
        ("...", 'attachment; filename="file"'),
        ("", 'attachment; filename="file"'),
    ],
)
def test_name_is_written_for_every_browser(name: str, field: str) -> None:
    """RFC 6266: a plain name for all, the exact one beside it; no folders, quotes or line breaks."""
    assert content_disposition(name, as_attachment=True) == field


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_name_gives_a_field_that_can_be_sent(name: str) -> None:
    """And a client that decodes it finds no folder in it."""
    field = content_disposition(name, as_attachment=False)
    encode_field("Content-Disposition", field)
    plain = field.partition('filename="')[2].partition('"')[0]
    exact = unquote(field.partition("filename*=UTF-8''")[2])
    for shown in (plain, exact):
        assert "/" not in shown
        assert "\\" not in shown


def test_name_that_is_no_unicode_is_sent_all_the_same() -> None:
    """A lone surrogate, as JSON and file systems bring it, stands as an underscore."""
    assert content_disposition("a\ud800.txt", as_attachment=True) == 'attachment; filename="a_.txt"'
