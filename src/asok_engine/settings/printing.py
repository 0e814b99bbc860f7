"""Everything that people read about a table: listing, JSON, reference page, `.env` template.

Text in, text out; secrets are masked. Run as a program it writes the reference
pages of faces: `python -m asok_engine.settings.printing asok.settings aksara.settings`
writes `docs/reference/settings-asok.md` and `-aksara.md` below the working directory.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asok_engine.settings.masking import shown
from asok_engine.settings.problem import Problem
from asok_engine.settings.resolver import Resolved
from asok_engine.settings.table import Setting, Table

__all__ = ["as_json", "default_text", "env_template", "listing", "reference_page", "report"]

_WIDEST_VALUE = 40


def default_text(setting: Setting) -> str:
    """Give a row's default in words, as documentation shows it."""
    if setting.default_text:
        return setting.default_text
    if callable(setting.default):
        return "see meaning"
    if setting.default in ([], {}):
        return "empty"
    return shown(setting, setting.default) if not setting.secret else "none"


def listing(resolved: Iterable[Resolved], planned: Mapping[str, str] = MappingProxyType({})) -> str:
    """Give a table of name, value, source and meaning, one setting a line, sections apart.

    `planned` has the capability that each setting without an effect waits for.
    """
    rows = [(item, (item.setting.name, _cut(item.shown()), item.source)) for item in resolved]
    widths = [max((len(cells[column]) for _, cells in rows), default=0) for column in range(3)]
    lines: list[str] = []
    for section, members in groupby(rows, key=lambda row: row[0].setting.section):
        lines.extend(["", section] if lines else [section])
        for item, cells in members:
            columns = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
            waits_for = planned.get(item.setting.name)
            meaning = f"(planned, with {waits_for}) " if waits_for else ""
            lines.append("  ".join(["", *columns, f"{meaning}{item.setting.meaning}"]).rstrip())
    return "\n".join(lines)


def report(problems: Sequence[Problem]) -> str:
    """Give the problems as text, one a line, errors first."""
    return "\n".join(f"{problem.level}: {problem}" for problem in problems)


def as_json(resolved: Iterable[Resolved], problems: Iterable[Problem]) -> str:
    """Give settings and problems as one JSON object with the keys `settings` and `problems`."""
    import json

    settings = [
        {
            "name": item.setting.name,
            "value": item.masked(),
            "source": item.source,
            "type": item.setting.kind.annotation,
            "section": item.setting.section,
            "secret": item.setting.secret,
            "meaning": item.setting.meaning,
        }
        for item in resolved
    ]
    found = [
        {"name": problem.name, "level": problem.level, "message": problem.message, "fix": problem.fix}
        for problem in problems
    ]
    return json.dumps({"settings": settings, "problems": found}, indent=2, default=str)


def reference_page(table: Table, title: str, opening: str) -> str:
    """Give the reference page of a table in Markdown."""
    parts = [f"# {title}", "", opening.strip(), ""]
    for section, members in groupby(table.rows, key=lambda row: row.section):
        parts.extend([f"## {section}", ""])
        for row in members:
            parts.extend(_entry(table, row))
    return "\n".join(parts).rstrip() + "\n"


def _entry(table: Table, row: Setting) -> Iterator[str]:
    names = table.environment_names[row.name]
    yield f"### {row.name}"
    yield ""
    yield row.meaning
    yield ""
    yield f"- Type: `{row.kind.annotation}`; expected: {row.kind.expected}"
    yield f"- Default: {_code(default_text(row))}"
    yield f"- Environment: {', '.join(f'`{name}`' for name in names) or 'none; set it in code'}"
    if row.secret:
        yield "- Secret: never shown in listings, logs and messages"
    if row.name in table.planned:
        yield f"- **Planned**: it has no effect yet and waits for {table.planned[row.name]}"
    yield ""
    if row.options:
        yield "| Option | Type | Default | Meaning |"
        yield "|---|---|---|---|"
        for option in row.options:
            also = (
                f" Environment: {', '.join(f'`{name}`' for name in option.aliases)}."
                if option.aliases
                else ""
            )
            annotation = option.kind.annotation.replace("|", "\\|")
            default = _code(default_text(option))
            yield f"| `{option.name}` | `{annotation}` | {default} | {option.meaning}{also} |"
        yield ""


def env_template(
    table: Table, values: Mapping[str, str], *, only: Collection[str] | None = None, opening: str = ""
) -> str:
    """Give the text of a `.env`: rows of `values` are set, the others stand as comments with their default.

    `only` leaves out the rows that are in neither it nor `values`. Raises KeyError for a
    name that is not a row's.
    """
    strangers = [name for name in (*values, *(only or ())) if all(row.name != name for row in table.rows)]
    if strangers:
        raise KeyError(strangers[0])
    lines = [f"# {line}".rstrip() for line in opening.strip().splitlines()]
    rows = [
        row
        for row in table.rows
        if table.environment_names[row.name] and (only is None or row.name in only or row.name in values)
    ]
    for section, members in groupby(rows, key=lambda row: row.section):
        lines.extend(["", f"# --- {section}"])
        for row in members:
            lines.append(f"# {row.meaning}")
            name = table.written_name(row)
            if row.name in values:
                lines.append(f"{name}={_quoted(values[row.name])}")
            else:
                lines.append(f"# {name}={_sample(row)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _sample(row: Setting) -> str:
    if callable(row.default) or row.secret or row.default in (None, [], {}):
        return row.example
    return _quoted(shown(row, row.default))


def _quoted(text: str) -> str:
    if text and all(character.isalnum() or character in "-_./:,@+=*%" for character in text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'" if text else ""


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST_VALUE else f"{text[: _WIDEST_VALUE - 3]}..."


def _code(text: str) -> str:
    return f"`{text}`" if text != "empty" and " " not in text and "`" not in text else text


def main(modules: Sequence[str]) -> None:
    """Write the reference page of each face's settings module below the working directory."""
    for name in modules:
        module: Any = importlib.import_module(name)
        table: Table = module.TABLE
        target = Path("docs") / "reference" / f"settings-{table.face}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(module.reference(), encoding="utf-8")
        sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
