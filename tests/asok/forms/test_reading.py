"""From what was posted to a value, and back to the text of a control."""

from __future__ import annotations

import builtins
import enum
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from asok.forms.choices import read_choices
from asok.forms.kinds import KINDS
from asok.forms.reading import clean_html, finish, read_value, shown
from asok_engine.errors import SetupError
from asok_engine.wire.values import Values
from tests.asok.forms.posting import upload


def read(kind: str, *texts: str, name: str = "f", is_multiple: bool = False, files: Any = None) -> Any:
    return read_value(KINDS[kind], "f", Values([(name, text) for text in texts]), files or {}, is_multiple)


def test_text_is_trimmed_and_a_password_is_not() -> None:
    """A blank at the end of a password belongs to it (ASVS 6.2.4)."""
    assert read("text", "  a ") == "a"
    assert read("password", " a ") == " a "
    assert read("text") is None


def test_line_breaks_are_those_of_unix() -> None:
    """A line of text does not count one more for its CR."""
    assert read("textarea", "a\r\nb\rc\n") == "a\nb\nc"


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("on", True), ("0", None), ("", None), ("false", None)]
)
def test_box_is_checked_or_nothing(text: str, value: Any) -> None:
    """So `required` means that it has to be checked."""
    assert read("checkbox", text) is value


def test_several_values_make_a_list() -> None:
    """Of boxes, of a list with several choices, of tags between commas."""
    assert read("transfer", "a", "b", "") == ["a", "b"]
    assert read("select", "a", "b", is_multiple=True) == ["a", "b"]
    assert read("tags", "a, b,a ,", "c") == ["a", "b", "c"]
    assert len(read("tags", ",".join(map(str, range(500))))) == 201


def test_range_comes_from_two_controls_or_one_text() -> None:
    """Nothing in both is nothing."""
    pair = Values([("f_start", "2026-01-01"), ("f_end", " 2026-01-02")])
    assert read_value(KINDS["daterange"], "f", pair, {}, False) == ("2026-01-01", "2026-01-02")
    assert read_value(KINDS["daterange"], "f", Values([("f_start", ""), ("f_end", "")]), {}, False) is None
    assert read("daterange", "2026-01-01/2026-01-02") == "2026-01-01/2026-01-02"


def test_code_may_be_typed_with_blanks() -> None:
    """As phones show it."""
    assert read("otp", "123 456") == "123456"
    assert read("otp", "123-456") == "123456"


def test_files_are_one_or_a_list() -> None:
    """The last of several for a field that takes one."""
    one, two = upload("a.png", b""), upload("b.png", b"")
    assert read("file", files={"f": [one, two]}) is two
    assert read("file") is None
    assert read("files", files={"f": [one, two]}) == [one, two]


class Level(enum.Enum):
    LOW = 1


def test_what_was_chosen_is_the_value_that_it_was() -> None:
    """Numbers and members, not their text."""
    choices = read_choices([(1, "one"), (Level.LOW, "low")])
    assert finish(KINDS["select"], "1", choices, False) == Level.LOW
    assert finish(KINDS["select"], "2", read_choices([(2, "two")]), False) == 2
    assert finish(KINDS["transfer"], ["2"], read_choices([(2, "two")]), True) == [2]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", ""),
        ("number", None),
        ("date", None),
        ("checkbox", False),
        ("tags", []),
        ("transfer", []),
        ("files", []),
    ],
)
def test_empty_field_has_the_value_of_its_kind(kind: str, value: Any) -> None:
    """No text, no number, not checked, nothing chosen."""
    assert finish(KINDS[kind], None, (), False) == value
    assert finish(KINDS[kind], "", (), False) == value


def test_telephone_number_is_digits() -> None:
    """With a plus in front."""
    assert finish(KINDS["phone"], "+49 (30) 12-34", (), False) == "+49301234"
    assert finish(KINDS["tel"], "+49 30", (), False) == "+49 30"


def test_html_that_was_written_is_cleaned() -> None:
    """Nothing runs, links tell nothing of us."""
    pytest.importorskip("nh3")
    dirty = '<b onclick="x()">a</b><script>evil()</script><a href="javascript:x()">b</a><a href="https://e.com">c</a>'
    assert finish(KINDS["wysiwyg"], dirty, (), False) == (
        '<b>a</b><a rel="noopener noreferrer nofollow">b</a>'
        '<a href="https://e.com" rel="noopener noreferrer nofollow">c</a>'
    )


def test_html_is_never_taken_without_cleaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is said in one sentence with the command."""
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "nh3":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SetupError, match=r"pip install \"asok\[sanitize\]\""):
        clean_html("<b>")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("text", "a", "a"),
        ("text", None, ""),
        ("number", 5, "5"),
        ("number", Decimal("1E+2"), "100"),
        ("date", date(2026, 1, 2), "2026-01-02"),
        ("date", datetime(2026, 1, 2, 3), "2026-01-02"),
        ("datetime_local", datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04"),
        ("time", time(3, 4), "03:04"),
        ("time", time(3, 4, 5), "03:04:05"),
        ("tags", ["a", "b"], "a, b"),
        ("select", Level.LOW, "1"),
        ("json", {"a": ["é"]}, '{\n  "a": [\n    "é"\n  ]\n}'),
        ("json", "{broken", "{broken"),
    ],
)
def test_value_is_shown_as_its_control_wants_it(kind: str, value: Any, text: str) -> None:
    """What was typed wrongly is shown as it was typed."""
    assert shown(KINDS[kind], value) == text
