"""The project's own files, read for the tests about the code.

A check is a plain function from a `Source` to complaints, so that each one is
tested on a few lines made up for it as well as on the project.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("asok_engine", "asok", "aksara")


@dataclass(frozen=True)
class Source:
    """One Python file: `name` is its path from the project's folder, with slashes."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.name)

    @property
    def module(self) -> str:
        """The dotted name under which the file is imported, of files below src/."""
        parts = self.name.removeprefix("src/").removesuffix(".py").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The package and its first folder or module: `asok_engine.wire`, `asok.cli`."""
        return ".".join(self.module.split(".")[:2])

    def at(self, node: ast.AST) -> str:
        """Say where a node stands: `src/asok/app.py:12`."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


def _read(paths: Iterable[Path]) -> tuple[Source, ...]:
    return tuple(Source(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8")) for p in sorted(paths))


@cache
def shipped() -> tuple[Source, ...]:
    """Every Python file of the three packages, without the files that `asok create` copies."""
    found = (path for package in PACKAGES for path in (ROOT / "src" / package).rglob("*.py"))
    return _read(path for path in found if "scaffold/project" not in path.as_posix())


@cache
def suite() -> tuple[Source, ...]:
    """Every test file and what stands beside it."""
    return _read((ROOT / "tests").rglob("*.py"))


@cache
def kept_files() -> tuple[str, ...]:
    """Every file that belongs to the project: tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
        return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))
    # An unpacked archive has no repository; hidden folders are not part of it.
    found = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file())
    return tuple(
        sorted(name for name in found if not any(part.startswith(".") for part in name.split("/")[:-1]))
    )


def walk_with_owner(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield every node with the dotted name of the function or class around it, "" at the top."""

    def descend(node: ast.AST, owner: str) -> Iterator[tuple[ast.AST, str]]:
        for child in ast.iter_child_nodes(node):
            yield child, owner
            inner = owner
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{owner}.{child.name}".lstrip(".")
            yield from descend(child, inner)

    yield from descend(tree, "")


def dotted(node: ast.AST) -> str:
    """Give the text of a dotted name such as `os.environ`, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = dotted(node.value)
        return f"{front}.{node.attr}" if front else ""
    return ""


def listing(complaints: Iterable[str]) -> str:
    """Join complaints for the message of an assertion."""
    return "\n" + "\n".join(complaints)
