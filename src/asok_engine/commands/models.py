"""The models of a project: imports their modules, gives their tables, and writes the file of a model.

An import that fails is told in one sentence with file and line, as everything that
is the project's own code.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from enum import Enum
from pathlib import Path

import click
import msgspec

from asok_engine.commands.own_code import told
from asok_engine.errors import SetupError
from asok_engine.records.registry import registry
from asok_engine.sql.tables import NOW, ServerDefault, Table

__all__ = [
    "bundled_folders",
    "import_models",
    "make_model_command",
    "model_source",
    "registered_fills",
    "registered_tables",
    "told_imports",
]


_FRAMEWORK = ("asok", "aksara", "asok_engine")


def told_imports(root: Path) -> AbstractContextManager[None]:
    """Turn what the project's own code raises while its models are imported into one sentence."""
    return told(root, "The models cannot be imported")


def import_models(names: Iterable[str], root: Path) -> None:
    """Import modules by name.

    Raises:
        SetupError: one fails; the message names file and line below `root`.
    """
    with told_imports(root):
        for name in names:
            importlib.import_module(name)


def registered_tables() -> list[Table]:
    """Give the tables of all models that were imported, and those that their relations bring along.

    Raises:
        SetupError: two models describe one table in two ways.
    """
    found: dict[str, tuple[Table, str]] = {}
    for model in registry.models():
        description = model.__description__
        brought = [table for relation in description.relations.values() for table in relation.tables()]
        for table in (description.table, *brought):
            known = found.setdefault(table.full_name, (table, description.name))
            if known[0] != table:
                raise SetupError(
                    f"The table {table.full_name!r} is described in two ways, by {known[1]} and by "
                    f"{description.name}.",
                    fix="Give one of them another table name.",
                )
    return [table for table, _ in found.values()]


def registered_fills() -> dict[str, ServerDefault]:
    """Give what rows that are there get in a column which is added, by `table.column`: "
    "the field's default."""
    fills: dict[str, ServerDefault] = {}
    for model in registry.models():
        description = model.__description__
        for field in description.fields.values():
            value = description.plain_defaults.get(field.name)
            if field.default in (list, dict, set) or isinstance(field.default, list | dict | set):
                # Each record gets one of its own, but all of them are alike.
                value = field.clean(field.make_default())
                value = value if field.to_column is None else field.to_column(value)
                value = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            if isinstance(value, Enum):
                value = value.value
            if value is None and (field.sets_at_create or field.sets_at_save):
                value = NOW
            if value is not None and isinstance(value, ServerDefault):
                fills[f"{description.table.full_name}.{field.column}"] = value
    return fills


def bundled_folders() -> dict[str, Path]:
    """Give the folders of migrations that packages of the framework bring along, by label.

    A package whose models were imported brings the folder `migrations` beside them;
    its label is the name of the package.
    """
    found: dict[str, Path] = {}
    for model in registry.models():
        file = getattr(sys.modules.get(model.__module__), "__file__", None)
        if model.__module__.partition(".")[0] not in _FRAMEWORK or file is None:
            continue
        package = Path(file).parent
        if (package / "migrations").is_dir():
            found[package.name] = package / "migrations"
    return found


def make_model_command(folder: str = "src/models", kinds: Collection[str] = ()) -> click.Command:
    """Make `model NAME`, a command of the group `make`; `kinds` are the fields that the face has."""

    @click.command("model", short_help="Write the file of a model.")
    @click.argument("name")
    @click.argument("columns", nargs=-1, metavar="[FIELD:TYPE]...")
    def model(name: str, columns: Sequence[str]) -> None:
        """Write the file of a model, for example: asok make model Post title:String body:Text."""
        path = Path.cwd() / folder / f"{snake_case(name)}.py"
        if not path.parent.parent.is_dir():
            raise SetupError(
                f"There is no {folder} here ({Path.cwd()}).", fix="Run this in the folder of a project."
            )
        text = model_source(name, columns, kinds)
        path.parent.mkdir(exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise SetupError(f"{folder}/{path.name} exists; it was not changed.") from None
        click.echo(f"Wrote {folder}/{path.name}. Then: asok make migration")

    return model


def snake_case(name: str) -> str:
    """Write `BlogPost` as `blog_post`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def model_source(name: str, columns: Sequence[str] = (), kinds: Collection[str] = ()) -> str:
    """Write the text of a model; a column is `title`, `title:String` or `author_id:ForeignKey`.

    Raises:
        SetupError: a name is no name of a class or a field, or no kind of field is called so.
    """
    if not name.isidentifier() or not name[0].isalpha():
        raise SetupError(f"A model cannot be named {name!r}.", fix="Take a noun, for example Post.")
    class_name = name if name[0].isupper() else "".join(part.title() for part in name.split("_"))
    lines = []
    for column in columns or ("name:String",):
        field, _, kind = column.partition(":")
        if not field.isidentifier() or not (kind or "String").isidentifier():
            raise SetupError(f"{column!r} is no field.", fix="The form is title:String.")
        if kinds and kind and kind not in kinds:
            near = get_close_matches(kind, kinds, n=1)
            raise SetupError(
                f"{column!r}: there is no field {kind!r}.",
                fix=f"Did you mean {near[0]}?" if near else f"Take one of {', '.join(sorted(kinds))}.",
            )
        target = ""
        if kind == "ForeignKey":
            words = field.removesuffix("_id").split("_")
            target = '"' + "".join(word[:1].upper() + word[1:] for word in words) + '"'
        lines.append(f"    {field} = Field.{kind or 'String'}({target})")
    return "\n".join(
        [
            "from asok import Field, Model",
            "",
            "",
            f"class {class_name}(Model):",
            *lines,
            "    created_at = Field.CreatedAt()",
            "    updated_at = Field.UpdatedAt()",
            "",
        ]
    )
