"""No setting lies: each row is documented, typed, explained, and observed by a test or visibly pending."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from aksara import conf
from aksara import settings as aksara_settings
from asok import settings as asok_settings
from asok_engine.settings.table import Setting, Table
from tests.house.pending import LIMIT, PENDING
from tests.house.sources import ROOT, Source, dotted, listing, suite

FACES: dict[str, Any] = {"asok": asok_settings, "aksara": aksara_settings}

#: How to make the pages again.
REGENERATE = "python -m asok_engine.settings.printing asok.settings aksara.settings"


def rows(table: Table) -> Iterator[tuple[str, Setting]]:
    """Yield every row and every option with its full name: `asok.GZIP`, `aksara.CACHE.ttl`."""
    for row in table.rows:
        yield f"{table.face}.{row.name}", row
        for option in row.options:
            yield f"{table.face}.{row.name}.{option.name}", option


ROWS: dict[str, Setting] = {name: row for face in FACES.values() for name, row in rows(face.TABLE)}


def marked(sources: Iterable[Source]) -> Iterator[tuple[str, str]]:
    """Yield place and name of every `pytest.mark.setting("…")`; the name is empty when it is not text."""
    for source in sources:
        if "mark.setting" not in source.text:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and dotted(node.func).endswith("mark.setting"):
                names = node.args or [node]
                for name in names:
                    is_text = isinstance(name, ast.Constant) and isinstance(name.value, str)
                    yield (
                        source.at(node),
                        str(name.value) if isinstance(name, ast.Constant) and is_text else "",
                    )


def complaints_about(row: Setting) -> Iterator[str]:
    """Find what a row lacks to be read by people and programs."""
    meaning = row.meaning
    if not (meaning[:1].isupper() and meaning.endswith(".") and "\n" not in meaning and len(meaning) > 12):
        yield "its meaning is not a sentence on one line"
    if callable(row.default) and not row.default_text:
        yield "its computed default has no default_text"
    try:
        ast.parse(row.kind.annotation, mode="eval")
    except SyntaxError:
        yield f"its type {row.kind.annotation!r} is not an annotation"
    if not callable(row.default):
        try:
            if row.kind.read(row.default) != row.default:
                yield "its default is not what reading it gives"
        except ValueError:
            yield f"its default {row.default!r} is not {row.kind.expected}"
    if row.example:
        try:
            row.kind.read(row.example.strip("'"))
        except ValueError:
            yield f"its example {row.example!r} is not {row.kind.expected}"


@pytest.mark.parametrize("name", ROWS)
def test_each_row_can_be_read_by_people_and_programs(name: str) -> None:
    """A meaning, a type, a default of that type, and words for a default that is computed."""
    assert list(complaints_about(ROWS[name])) == []


def test_each_row_stands_under_a_heading() -> None:
    """A listing has no row without a section, and sections are not torn apart."""
    for face in FACES.values():
        headings = [row.section for row in face.TABLE.rows]
        assert all(headings)
        changes = [
            heading for heading, before in zip(headings, ["", *headings], strict=False) if heading != before
        ]
        assert len(changes) == len(set(changes))


@pytest.mark.parametrize("face", FACES)
def test_the_reference_page_is_the_table(face: str) -> None:
    """The page on disk is the one that the rows make."""
    page = ROOT / "docs" / "reference" / f"settings-{face}.md"
    assert page.is_file(), f"{page.name} is missing. Run: {REGENERATE}"
    assert page.read_text(encoding="utf-8") == FACES[face].reference(), (
        f"{page.name} is stale. Run: {REGENERATE}"
    )


def test_each_setting_is_either_observed_or_pending() -> None:
    """Exactly one of: a test marked with its name, or a place on the list."""
    observed = {name for _, name in marked(suite())}
    neither = [
        f"{name}: mark the test of its effect, or call it planned in its table"
        for name in ROWS
        if name not in observed | PENDING.keys()
    ]
    both = [
        f"{name}: it is observed, so take it out of `planned` in its table and lower LIMIT"
        for name in sorted(observed & PENDING.keys())
    ]
    assert not [*neither, *both], listing([*neither, *both])


def test_marks_and_pending_name_rows() -> None:
    """A slip in a mark or on the list would hide a setting."""
    wrong = [
        f"{place}: {name or 'a computed name'} is no row"
        for place, name in marked(suite())
        if name not in ROWS
    ]
    wrong += [f"{name} is called planned and is no row" for name in PENDING if name not in ROWS]
    assert not wrong, listing(wrong)
    assert all(PENDING.values()), "Each name on PENDING says what it waits for."


def test_the_pending_list_only_shrinks() -> None:
    """LIMIT is the length of the list, so a longer list is a change that one sees."""
    assert len(PENDING) <= LIMIT, "A setting came without a test of its effect. Write the test instead."
    assert len(PENDING) == LIMIT, f"The list got shorter: lower LIMIT to {len(PENDING)}."


def test_the_settings_class_of_aksara_is_its_table() -> None:
    """The same names in the same order, with the annotations of the rows, in both cases."""
    fields = [(field.name, field.type) for field in dataclasses.fields(conf.Settings)]
    table = aksara_settings.TABLE
    assert fields == [(row.name.lower(), row.kind.annotation) for row in table.rows]
    upper = {name: text for name, text in conf.Settings.__mro__[1].__annotations__.items() if name.isupper()}
    assert list(upper.items()) == [(row.name, row.kind.annotation) for row in table.rows]


def test_the_written_defaults_of_the_settings_class_are_those_of_the_table() -> None:
    """What an editor shows as a default is the default, for every row that has a fixed one."""
    for row, field in zip(aksara_settings.TABLE.rows, dataclasses.fields(conf.Settings), strict=True):
        if callable(row.default):
            continue
        factory = field.default_factory
        written = field.default if factory is dataclasses.MISSING else factory()
        assert written == row.default, row.name


# --- the checks themselves ------------------------------------------------------------


def test_marks_are_found_wherever_they_stand() -> None:
    """On a function, in pytestmark and in the marks of a parameter; a computed name is no name."""
    text = (
        'import pytest\npytestmark = [pytest.mark.setting("a.A")]\n'
        '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.setting("a.B"))])\n'
        '@pytest.mark.setting("a.C")\ndef test_x(x): ...\n'
        "@pytest.mark.setting(NAME)\ndef test_y(): ...\n"
    )
    assert sorted(name for _, name in marked([Source("tests/test_made_up.py", text)])) == [
        "",
        "a.A",
        "a.B",
        "a.C",
    ]


def test_a_poor_row_is_complained_about() -> None:
    """Each thing that a row can lack is noticed."""
    kind = ROWS["asok.GZIP_MIN_SIZE"].kind
    poor = Setting("X", kind, "many", "size", example="many")
    assert len(list(complaints_about(poor))) == 3
    assert list(complaints_about(Setting("X", kind, lambda of: 1, "Give the size of it."))) == [
        "its computed default has no default_text"
    ]
