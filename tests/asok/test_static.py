"""Static files: only what is in the folders, with the right type, kept as long as its address says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asok.static import FOLDERS, StaticFiles, content_type_of
from asok_engine.errors import NotFoundError
from asok_engine.servers.files import small_content
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response
from tests.engine.dispatch.exchanges import make_request


@pytest.fixture
def partials(tmp_path: Path) -> Path:
    """A folder of partials with files inside and outside the static folders."""
    root = tmp_path / "partials"
    for name, text in {
        "css/site.css": "a {}",
        "css/deep/er.css": "b {}",
        "css/.hidden": "x",
        "css/.git/config": "x",
        "images/é ü.png": "x",
        "html/base.html": "x",
        "secret.txt": "x",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "outside.css").write_text("x")
    return root


def got(files: StaticFiles, folder: str, path: str, query: str = "") -> Response:
    """Ask for one file as a route would."""
    request: Request = make_request(f"/x?{query}")
    request.params = {"path": path}
    return files.answer_from(folder)(request)


def test_file_is_sent_from_disk_with_its_type(partials: Path) -> None:
    """Not read here; the server sends it."""
    response = got(StaticFiles(partials, debug=False), "css", "deep/er.css")
    assert isinstance(response.body, FileBody)
    assert (Path(response.body.path), response.body.size) == (partials / "css/deep/er.css", 4)
    assert response.content_type == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("css", "none.css"),
        ("css", ""),
        ("css", "deep"),
        ("css", "deep/"),
        ("css", "../secret.txt"),
        ("css", "../../outside.css"),
        ("css", "deep/../site.css"),
        ("css", "./site.css"),
        ("css", "deep//er.css"),
        ("css", "/etc/passwd"),
        ("css", "..\\secret.txt"),
        ("css", "site.css\x00.png"),
        ("css", ".hidden"),
        ("css", ".git/config"),
        ("css", "site.css/"),
        ("css", "x" * 5000),
        ("html", "base.html"),
        ("js", "site.js"),
    ],
)
def test_everything_else_is_not_found(partials: Path, folder: str, path: str) -> None:
    """Traversal, folders, hidden files, other folders: 404, and no listing."""
    with pytest.raises(NotFoundError):
        got(StaticFiles(partials, debug=False), folder, path)


def test_link_out_of_its_folder_is_not_followed(partials: Path) -> None:
    """Neither out of the tree nor into the next folder; one inside is a file."""
    (partials / "css/out.css").symlink_to(partials.parent / "outside.css")
    (partials / "css/next.png").symlink_to(partials / "images/é ü.png")
    (partials / "css/same.css").symlink_to("site.css")
    files = StaticFiles(partials, debug=False)
    for name in ("out.css", "next.png"):
        with pytest.raises(NotFoundError):
            got(files, "css", name)
    assert got(files, "css", "same.css").status_code == 200


def test_only_regular_files_are_sent(partials: Path) -> None:
    """A pipe would hold the server for ever."""
    os.mkfifo(partials / "css/pipe.css")
    with pytest.raises(NotFoundError):
        got(StaticFiles(partials, debug=False), "css", "pipe.css")


def test_only_the_right_hash_is_kept_for_ever(partials: Path) -> None:
    """An address without or with another hash is asked for again."""
    files = StaticFiles(partials, debug=False)
    address = files.url("css/site.css")
    path, _, version = address.partition("?v=")
    assert (path, len(version)) == ("/css/site.css", 12)
    for query, kept in (
        (f"v={version}", True),
        ("", False),
        ("v=", False),
        ("v=000000000000", False),
        (f"w={version}", False),
    ):
        cache = got(files, "css", "site.css", query).headers["Cache-Control"]
        assert ("immutable" in cache, "must-revalidate" in cache) == (kept, not kept), query


def test_address_changes_with_the_content(partials: Path) -> None:
    """And the old one is not kept any more."""
    files = StaticFiles(partials, debug=False)
    before = files.url("css/site.css")
    path = partials / "css/site.css"
    path.write_text("c { }")
    after = files.url("css/site.css")
    assert before != after
    assert "immutable" not in got(files, "css", "site.css", before.partition("?")[2]).headers["Cache-Control"]
    assert StaticFiles(partials, debug=False).url("css/site.css") == after


def test_in_debug_nothing_is_kept(partials: Path) -> None:
    """Someone who edits a style sees it."""
    files = StaticFiles(partials, debug=True)
    query = files.url("css/site.css").partition("?")[2]
    assert got(files, "css", "site.css", query).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("css/none.css", "/css/none.css"),
        ("/css/none.css", "/css/none.css"),
        ("static/css/none.css", "/css/none.css"),
        ("/static/css/none.css", "/css/none.css"),
        ("images/a b&c.png", "/images/a%20b%26c.png"),
        ("../secret.txt", "/../secret.txt"),
    ],
)
def test_address_of_what_is_not_there_has_no_hash(partials: Path, path: str, address: str) -> None:
    """A missing file is a broken link and no broken page."""
    assert StaticFiles(partials, debug=False).url(path) == address


def test_address_of_any_script_is_encoded(partials: Path) -> None:
    """And has its hash."""
    assert (
        StaticFiles(partials, debug=False).url("images/é ü.png").startswith("/images/%C3%A9%20%C3%BC.png?v=")
    )


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.css", "text/css; charset=utf-8"),
        ("A.JS", "text/javascript; charset=utf-8"),
        ("a.b.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.webp", "image/webp"),
        ("a.tar.gz", "application/gzip"),
        ("a.exe", "application/octet-stream"),
        ("a", "application/octet-stream"),
        (".css", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_type_follows_the_last_ending(name: str, content_type: str) -> None:
    """In any case; what is not known is a download and never a page."""
    assert content_type_of(name) == content_type


def test_folders_are_those_of_the_docs() -> None:
    """/css, /js, /images, /fonts, /uploads."""
    assert set(FOLDERS) == {"css", "js", "images", "fonts", "uploads"}


def test_file_that_is_replaced_by_a_link_out_of_its_folder_is_not_sent(partials: Path) -> None:
    """A place that was found once is looked at again for every request that has to open it."""
    files = StaticFiles(partials, debug=False)
    assert got(files, "css", "site.css").status_code == 200
    (partials / "css/site.css").unlink()
    with pytest.raises(NotFoundError):
        got(files, "css", "site.css")
    (partials / "css/site.css").symlink_to(partials.parent / "outside.css")
    with pytest.raises(NotFoundError):
        got(files, "css", "site.css")
    (partials / "css/site.css").unlink()
    (partials / "css/site.css").write_text("back {}")
    body = got(files, "css", "site.css").body
    assert isinstance(body, FileBody)
    assert body.size == len("back {}")


def test_file_whose_content_is_kept_is_looked_at_once_a_second(
    partials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only while the servers have its bytes: then nothing is opened, whatever stands in its place by now."""
    path, now = partials / "css/site.css", 100.0
    os.utime(path, (1000, 1000))
    monkeypatch.setattr("asok.static.time.monotonic", lambda: now)
    files = StaticFiles(partials, debug=False)
    body = got(files, "css", "site.css").body
    assert isinstance(body, FileBody)
    assert small_content(body) == b"a {}"
    path.unlink()
    path.symlink_to(partials.parent / "outside.css")
    now = 100.9
    assert got(files, "css", "site.css").body is body
    now = 101.0
    with pytest.raises(NotFoundError):
        got(files, "css", "site.css")


def test_in_debug_a_kept_file_is_looked_at_each_time(partials: Path) -> None:
    """Someone who edits a style and reloads at once sees it."""
    path = partials / "css/site.css"
    os.utime(path, (1000, 1000))
    files = StaticFiles(partials, debug=True)
    body = got(files, "css", "site.css").body
    assert isinstance(body, FileBody)
    assert small_content(body) == b"a {}"
    path.write_text("a { color: red }")
    body = got(files, "css", "site.css").body
    assert isinstance(body, FileBody)
    assert body.size == 16
