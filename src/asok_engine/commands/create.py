"""`create NAME`: writes a new project from a face's folder of templates.

A template is a file as it will stand in the project, except that `dot_` at the
start of a name becomes a dot, `.template` at its end is dropped, and the words
`__NAME__` and `__TITLE__` are replaced. The project appears whole or not at all.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from asok_engine.errors import SetupError, UsageError

__all__ = ["check_name", "create_project", "filled_templates"]

_TAKEN = frozenset({"asok", "aksara", "asok_engine"})


def check_name(name: str) -> str:
    """Give the name of a project back, or raise UsageError that says what is wrong with it."""
    reason = ""
    if not name:
        reason = "is empty"
    elif not name[0].isascii() or not name[0].isalpha():
        reason = f"begins with {name[0]!r}"
    elif bad := re.search(r"[^A-Za-z0-9_-]", name):
        reason = f"contains {bad.group()!r}"
    elif name.lower().replace("-", "_") in _TAKEN:
        reason = "is the name of a package of this framework"
    elif len(name) > 60:
        reason = f"has {len(name)} characters, more than 60"
    if reason:
        raise UsageError(
            f"The project name {name!r} {reason}.",
            fix="Use a letter, then letters, digits, - and _, for example: my-blog.",
        )
    return name


def title_of(name: str) -> str:
    """Give a name as people read it: my-blog becomes My Blog."""
    return re.sub(r"[-_]+", " ", name).strip().title()


def create_project(
    name: str,
    templates: Path,
    *,
    env_text: Callable[[str], str],
    folders: Iterable[str] = (),
    parent: Path | None = None,
) -> Path:
    """Write a project into the new folder `name` of `parent` (the working directory) and give its path.

    `env_text` makes the .env file of a fresh secret key; `folders` are made with
    a .gitkeep in each. An existing folder is used when it is empty. Raises
    UsageError for a bad name, SetupError for a folder that cannot be used.
    """
    check_name(name)
    target = (parent or Path.cwd()) / name
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SetupError(f"{target} exists and is not empty.", fix="Choose another name, or empty it first.")
    try:
        building = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=target.parent))
    except OSError as error:
        raise SetupError(
            f"Cannot write in {target.parent}: {error.strerror}.", fix="Change to a folder of your own."
        ) from error
    try:
        _write(building, templates, {"__NAME__": name, "__TITLE__": title_of(name)})
        for folder in folders:
            (building / folder).mkdir(parents=True, exist_ok=True)
            if not any((building / folder).iterdir()):
                (building / folder / ".gitkeep").touch()
        secret = os.open(building / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(secret, "w", encoding="utf-8") as env:
            env.write(env_text(secrets.token_urlsafe(48)))
        umask = os.umask(0)
        os.umask(umask)
        building.chmod(0o777 & ~umask)
        building.rename(target)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return target


def filled_templates(templates: Path, words: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Give each template of a folder, as its path in a project and its text, with the words filled in."""
    for source in sorted(templates.rglob("*")):
        if source.is_dir() or "__pycache__" in source.parts:
            continue
        parts = [
            f".{part.removeprefix('dot_')}" if part.startswith("dot_") else part
            for part in source.relative_to(templates).parts
        ]
        path = str(Path(*parts[:-1], parts[-1].removesuffix(".template")))
        text = source.read_text(encoding="utf-8")
        for word, value in words.items():
            path, text = path.replace(word, value), text.replace(word, value)
        yield Path(path), text


def _write(target: Path, templates: Path, words: Mapping[str, str]) -> None:
    for path, text in filled_templates(templates, words):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
