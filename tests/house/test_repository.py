"""What is kept in the repository speaks of the project alone and works on any machine."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOT, kept_files, listing

#: Written in two parts, so that this file does not complain about itself.
_MACHINE_PATH = re.compile(
    "(?<![\\w.~$}])/(?:"
    + "home/(?!me/)[a-z][\\w-]*"
    + "|Users/[A-Za-z][\\w-]*"
    + "|root"
    + "|work"
    + "|opt/pypi)/[\\w.]"
)
_FILE_ADDRESS = re.compile("file:" + "///(?!path)[a-z]")

#: Addresses of packages are those of the public index, so that a lock file works everywhere.
INDEX_HOSTS = {"pypi.org", "files.pythonhosted.org"}

_BINARY = (".png", ".jpg", ".jpeg", ".webp", ".ico", ".gz", ".woff2", ".bin", ".pdf", ".sqlite3")


def machine_paths(name: str, text: str) -> Iterator[str]:
    """Find paths that exist on the machine of one person; a home named `me` is an example."""
    for number, line in enumerate(text.splitlines(), 1):
        found = _MACHINE_PATH.search(line) or _FILE_ADDRESS.search(line)
        if found:
            path = found.group()
            yield f"{name}:{number}: {path!r} is a path of one machine; write it relative to the project."


def texts() -> Iterator[tuple[str, str]]:
    """Yield every kept text file."""
    for name in kept_files():
        if name.endswith(_BINARY) or (ROOT / name).stat().st_size > 2_000_000:
            continue
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_kept_file_names_a_path_of_one_machine() -> None:
    """A clone works wherever it is put."""
    complaints = [line for name, text in texts() for line in machine_paths(name, text)]
    assert not complaints, listing(complaints)


@pytest.mark.parametrize(
    "line",
    ["cd /" + "home/ann/project", "'/" + "root/x'", "see file:" + "///srv/pypi/simple", "/" + "Users/Ann/x"],
)
def test_path_of_one_machine_is_found(line: str) -> None:
    """The check itself sees home folders and file addresses."""
    assert len(list(machine_paths("made_up.md", line))) == 1


@pytest.mark.parametrize("line", ["GET /work HTTP/1.1", "/srv/app/.env", "~/work/x", "src/root/page.py"])
def test_ordinary_path_is_no_complaint(line: str) -> None:
    """Addresses, relative paths and places that every server has are fine."""
    assert not list(machine_paths("made_up.md", line))


def test_lock_file_names_the_public_index_only() -> None:
    """An address of a private index in uv.lock would fail for everyone else."""
    text = (ROOT / "uv.lock").read_text()
    hosts = set(re.findall(r'"https?://([^/"]+)', text))
    assert hosts <= INDEX_HOSTS, f"uv.lock names {sorted(hosts - INDEX_HOSTS)}; make it with `make lock`"
    assert "path = " not in text


def test_lock_file_knows_every_requirement() -> None:
    """A requirement that was added to pyproject.toml is locked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = {package["name"] for package in lock["package"]}
    lines = list(project["project"]["dependencies"])
    for extra in project["project"]["optional-dependencies"].values():
        lines += extra
    lines += project["dependency-groups"]["dev"]
    wanted = {
        re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")
        for line in lines
    }
    assert wanted <= locked, f"{sorted(wanted - locked)} are not in uv.lock; run `make lock`"


def test_every_dependency_has_its_reason() -> None:
    """One line of docs/decisions/0003-dependencies.md says why this library and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for extra in project["project"]["optional-dependencies"].values():
        lines += extra
    names = {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in lines} - {"asok"}
    text = (ROOT / "docs/decisions/0003-dependencies.md").read_text().lower()
    missing = sorted(name for name in names if f"`{name}`" not in text)
    assert not missing, f"docs/decisions/0003-dependencies.md has no line for {missing}"


def test_programs_may_be_run() -> None:
    """Files that people and CI start keep their executable bit."""
    for name in (".ci/run", "scripts/make-environment", "scripts/install-test-parts"):
        assert os.access(ROOT / name, os.X_OK), f"chmod +x {name}"
        assert (ROOT / name).read_text().startswith("#!"), name


def test_make_lists_every_target() -> None:
    """`make` alone tells what can be done, one line each."""
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, flags=re.M)
    assert phony is not None
    described = set(re.findall(r"^([a-z-]+):.*## \S", text, flags=re.M))
    assert set(phony.group(1).split()) == described
    assert {"demo", "demo-check", "test", "check", "format", "bench", "docs", "lock", "clean"} <= described


def test_package_ships_its_type_markers() -> None:
    """Each package says that it is typed, so editors of users read its annotations."""
    for package in ("asok_engine", "asok", "aksara"):
        assert (ROOT / "src" / package / "py.typed").is_file(), f"src/{package}/py.typed is missing"
