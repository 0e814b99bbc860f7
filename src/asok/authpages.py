"""`asok make auth`: writes models and pages for people into a project, which owns them from then on.

The templates stand in `scaffold/auth` as they will stand in the project. A file that
is there stays as it is, unless `--force` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from asok.auth.extra import INSTALL, missing_packages
from asok.orm.discovery import load_models
from asok_engine.commands.create import filled_templates
from asok_engine.commands.models import snake_case, told_imports
from asok_engine.commands.project import find_project
from asok_engine.errors import SetupError
from asok_engine.records.record import Record

__all__ = ["make_auth"]

_TEMPLATES = Path(__file__).parent / "scaffold" / "auth"
#: The models that a project has of its own, by the file that this command would write.
_OWN_MODELS = {"access_token.py": "BearerToken", "identity.py": "Identity", "passkey.py": "Passkey"}


@click.command("auth", short_help="Write the pages to sign people in.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def make_auth(force: bool, dry_run: bool) -> None:
    """Write models and pages to sign people up and in, and for their accounts.

    The files are the project's own from then on. What is there already is left as it
    is, and named.
    """
    project = find_project()
    app = project.load()
    with told_imports(project.root):
        models = load_models(app.dirs["MODELS"])
    name: str = app.config["AUTH_MODEL"]
    given = _given_models(name, models)
    written, kept = _write(_folders(app), _words(name, models), given, force=force, dry_run=dry_run)
    _tell(app.root_dir, written, kept, dry_run=dry_run)
    if name in models and "name" not in models[name].__description__.fields:
        click.echo(
            f"\n{name} has no field `name`, which signup and account show: add it, or take it out of them."
        )
    missing = missing_packages()
    if missing:
        click.echo(f"\nTwo-factor codes and passkeys need {', '.join(missing)}: {INSTALL}")
        click.echo("Until then these pages are not offered, and answer 404.")
    click.echo("\nNow:\n\n    asok make migration\n    asok migrate")
    click.echo("\nThen open /signup. In DEBUG mail is written to the terminal.")


def _given_models(name: str, models: Mapping[str, type[Record]]) -> set[str]:
    """Give the names of files of models that the project has no need of.

    Raises:
        SetupError: the model of the people is there and is no Account.
    """
    ancestors = {model: {parent.__name__ for parent in model.__mro__[1:]} for model in models.values()}
    given = {file for file, base in _OWN_MODELS.items() if any(base in names for names in ancestors.values())}
    if name not in models:
        return given
    if "Account" not in ancestors[models[name]]:
        raise SetupError(
            f"{name} of {models[name].__module__} is no Account, so nobody can sign in with it.",
            fix=f"Write: class {name}(Account), with Account from asok.auth.",
        )
    return given | {"__MODULE__.py"}


def _words(name: str, models: Mapping[str, type[Record]]) -> dict[str, str]:
    _, _, module = models[name].__module__.partition(".") if name in models else ("", "", "")
    return {"__MODULE__": module or snake_case(name), "__MODEL__": name}


def _folders(app: Any) -> dict[str, Path]:
    return {folder: app.dirs[folder.upper()] for folder in ("models", "pages", "partials")}


def _write(
    folders: Mapping[str, Path], words: Mapping[str, str], given: set[str], *, force: bool, dry_run: bool
) -> tuple[list[Path], list[Path]]:
    """Write the files; give those that were written, and those that were there."""
    written, kept = [], []
    skipped = {name.replace("__MODULE__", words["__MODULE__"]) for name in given}
    for below, text in filled_templates(_TEMPLATES, words):
        folder, *rest = below.parts[1:]
        path = folders[folder].joinpath(*rest)
        if folder == "models" and path.name in skipped:
            continue
        if path.exists() and not force:
            kept.append(path)
            continue
        written.append(path)
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return written, kept


def _tell(root: Path, written: list[Path], kept: list[Path], *, dry_run: bool) -> None:
    for word, paths in (("Would write" if dry_run else "Wrote", written), ("Left as it is", kept)):
        if paths:
            click.echo(f"{word}:")
        for path in paths:
            click.echo(f"    {path.relative_to(root)}")
    if kept:
        click.echo("With --force what was left is written as well.")
