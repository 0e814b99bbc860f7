"""Migration files: read from a folder, written so that a person can read and change them.

A file is a Python module with `operations` and `dependencies`, and `atomic = False`
where each step shall stand for itself. Loading runs it, so what fails there is told
with file and line. Files are written once and never rewritten.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from asok_engine.errors import FrameworkError, SetupError
from asok_engine.migrations.graph import Graph, Migration
from asok_engine.migrations.operations import Operation
from asok_engine.sql.tables import NOW, Check, ForeignKey, FullText, Index, Table, Unique, default_name
from asok_engine.sql.types import ColumnType

__all__ = ["load_graph", "migration_source", "write_migration"]

_FILE = re.compile(r"\d+_\w+\.py")
_WIDTH = 100


def load_graph(folder: Path, bundles: Mapping[str, Path] | None = None) -> Graph:
    """Read every `0001_name.py` of a folder; a folder that is not there has none.

    `bundles` are folders of packages that bring tables along, by label; their
    migrations are named `label:0001_name`.

    Raises:
        SetupError: a file cannot be loaded, or says something that is no migration.
    """
    places = [("", folder), *sorted((bundles or {}).items())]
    return Graph(
        _load(path, label)
        for label, place in places
        if place.is_dir()
        for path in sorted(place.iterdir())
        if _FILE.fullmatch(path.name)
    )


def _load(path: Path, label: str) -> Migration:
    source = path.read_bytes()
    module = ModuleType(f"migration_{path.stem}")
    module.__file__ = str(path)
    try:
        tree = ast.parse(source, str(path))
        exec(compile(tree, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the project's own code
    except FrameworkError as error:
        raise SetupError(f"The migration {path.name} cannot be loaded: {error}") from error
    except Exception as error:
        where = f" line {error.lineno}" if isinstance(error, SyntaxError) else _line(error, path)
        raise SetupError(
            f"The migration {path.name} cannot be loaded: {type(error).__name__}{where}: {error}"
        ) from error
    operations = getattr(module, "operations", None)
    if not isinstance(operations, list | tuple) or not all(
        isinstance(each, Operation) for each in operations
    ):
        raise SetupError(
            f"The migration {path.name} has no list `operations` of operations.",
            fix="Write: operations = [...], with operations that it imports.",
        )
    dependencies = getattr(module, "dependencies", ())
    if isinstance(dependencies, str) or not all(isinstance(each, str) for each in dependencies):
        raise SetupError(
            f"`dependencies` of the migration {path.name} is {dependencies!r}; write a list of names."
        )
    prefix = f"{label}:" if label else ""
    return Migration(
        f"{prefix}{path.stem}",
        tuple(operations),
        tuple(name if ":" in name else f"{prefix}{name}" for name in dependencies),
        atomic=bool(getattr(module, "atomic", True)),
        # Why the tree: comments and layout may change after a migration was applied.
        checksum=hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:32],
        title=(module.__doc__ or "").strip().partition("\n")[0],
    )


def _line(error: BaseException, path: Path) -> str:
    trace = error.__traceback__
    found = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            found = trace.tb_lineno
        trace = trace.tb_next
    return f" line {found}" if found else ""


def write_migration(
    folder: Path,
    graph: Graph,
    name: str,
    operations: Sequence[Operation],
    *,
    face: str,
    dependencies: Sequence[str],
) -> Path:
    """Write the next file of a folder and give its path.

    Raises:
        SetupError: the name is no word, or there is such a file.
    """
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise SetupError(
            f"A migration cannot be named {name!r}: a name has small letters, digits and _, for "
            "example add_slug."
        )
    path = folder / f"{graph.next_number()}_{name}.py"
    folder.mkdir(parents=True, exist_ok=True)
    text = migration_source(operations, dependencies, face=face)
    # Why x: two people's commands must not write one file.
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


def migration_source(operations: Sequence[Operation], dependencies: Sequence[str], *, face: str) -> str:
    """Write the text of a migration file; `face` is the package that it imports the words from."""
    source = _Source()
    written = [source.expression(operation, 1) for operation in operations]
    lines = [f'"""{_title(operations)}."""', ""]
    lines += source.imports(face)
    lines += [f"dependencies = {_bracketed([json.dumps(name) for name in dependencies], 0, '[]')}", ""]
    body = "".join(f"    {text},\n" for text in written)
    lines.append(f"operations = [\n{body}]" if written else "operations = []")
    return "\n".join(lines) + "\n"


def _title(operations: Sequence[Operation]) -> str:
    said = ""
    for operation in operations:
        longer = f"{said}; {operation.describe()}" if said else operation.describe()
        if said and len(longer) > _WIDTH - 20:
            said = f"{said}; and more"
            break
        said = longer
    said = said or "nothing yet"
    return (said[:1].upper() + said[1:]).replace("\\", " ").replace('"', "'").rstrip(".")


class _Source:
    """Writes values as Python, and gathers the names that they need."""

    def __init__(self) -> None:
        self.ours: set[str] = set()
        self.others: set[str] = set()
        self._table = ""

    def imports(self, face: str) -> list[str]:
        """Give the lines that import what was written."""
        lines = sorted(self.others)
        if lines:
            lines.append("")
        if self.ours:
            line = f"from {face}.migrations import {', '.join(sorted(self.ours))}"
            if len(line) > _WIDTH:
                names = "".join(f"    {name},\n" for name in sorted(self.ours))
                line = f"from {face}.migrations import (\n{names})"
            lines += [line, ""]
        return lines

    def expression(self, value: Any, depth: int) -> str:
        """Write a value, over several lines where it is long."""
        if isinstance(value, ColumnType):
            return self._type(value)
        if isinstance(value, Struct):
            return self._struct(value, depth)
        if isinstance(value, tuple | list):
            items = [self.expression(each, depth + 1) for each in value]
            if isinstance(value, tuple) and len(items) == 1 and "\n" not in items[0]:
                return f"({items[0]},)"
            return _bracketed(items, depth, "()" if isinstance(value, tuple) else "[]")
        kind = type(value).__name__
        if kind in ("Decimal", "UUID"):
            self.others.add(f"from {type(value).__module__} import {kind}")
        elif kind in ("date", "datetime", "time", "timedelta"):
            # Why renamed: `datetime` is a type of columns here.
            self.others.add("import datetime as dt")
            return repr(value).replace("datetime.", "dt.")
        elif kind == "str":
            return json.dumps(value, ensure_ascii=False) if "'" in value or '"' not in value else repr(value)
        return repr(value)

    def _struct(self, value: Struct, depth: int) -> str:
        if value == NOW:
            self.ours.add("NOW")
            return "NOW"
        self.ours.add(type(value).__name__)
        outer = self._table
        if isinstance(value, Table):
            self._table = value.name
        elif isinstance(value, Operation) and isinstance(getattr(value, "table", None), str):
            self._table = value.table.rpartition(".")[2]  # type: ignore[attr-defined]
        arguments: list[str] = []
        by_name = False
        for field in fields(value):
            given = getattr(value, field.name)
            is_default = field.default is not NODEFAULT and given == field.default
            if is_default or (field.name == "name" and self._is_default_name(value, given)):
                by_name = True
                continue
            by_name = by_name or field.default is not NODEFAULT
            written = self.expression(given, depth + 1)
            arguments.append(f"{field.name}={written}" if by_name else written)
        self._table = outer
        return f"{type(value).__name__}{_bracketed(arguments, depth, '()')}"

    def _is_default_name(self, value: Struct, name: str) -> bool:
        if not isinstance(value, Index | Unique | Check | ForeignKey | FullText):
            return False
        return name == default_name(value, self._table)

    def _type(self, value: ColumnType) -> str:
        word = "float_" if value.kind == "float" else value.kind
        self.ours.add(word)
        if value.item is not None:
            return f"array({self._type(value.item)})"
        if value.kind == "enum":
            return f"enum({', '.join(json.dumps(each, ensure_ascii=False) for each in value.choices)})"
        return f"{word}{str(value)[len(value.kind) :]}"


def _bracketed(items: Sequence[str], depth: int, brackets: str) -> str:
    line = f"{brackets[0]}{', '.join(items)}{brackets[1]}"
    if "\n" not in line and len(line) + 4 * depth <= _WIDTH - 20:
        return line
    inner = "    " * (depth + 1)
    body = "".join(f"{inner}{item},\n" for item in items)
    return f"{brackets[0]}\n{body}{'    ' * depth}{brackets[1]}"
