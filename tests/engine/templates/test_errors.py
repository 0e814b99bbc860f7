"""What errors of templates tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok_engine.errors import FrameworkError
from asok_engine.templates import errors
from asok_engine.templates.errors import TemplateError, TemplateNotFound, UnknownBlock, suggestion


def test_error_tells_place_and_lines() -> None:
    """Name, line, the lines around, and the names that pages know them by."""
    source = "\r\n".join(f"line {number}" for number in range(1, 20))
    error = TemplateError(
        "broke.", template="a.html", path=Path("/x/a.html"), line=10, source=source, fix="Mend it."
    )
    assert str(error) == "a.html, line 10: broke. Mend it."
    assert (error.template_name, error.line_no) == ("a.html", 10)
    assert error.source_lines[0] == (6, "line 6", False)
    assert (10, "line 10", True) in error.source_lines
    assert len(error.source_lines) == 9


def test_file_of_the_project_is_named_from_its_folder_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many templates are called page.html; which one is meant is in the message, not in `template`."""
    place = {"template": "page.html", "path": tmp_path / "src" / "pages" / "a" / "page.html", "line": 2}
    assert str(TemplateError("broke.", **place)) == "page.html, line 2: broke."  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)
    error = TemplateError("broke.", **place)  # type: ignore[arg-type]
    assert str(error) == "src/pages/a/page.html, line 2: broke."
    assert error.template == "page.html"


def test_error_without_a_place_is_still_a_sentence() -> None:
    """Without a line there are no lines, without words the class says what it is."""
    assert TemplateError("x", template="a").source_lines == []
    assert str(TemplateNotFound()) == "There is no template of this name."
    assert str(UnknownBlock("a", [])) == "there is no block 'a'; the blocks of this template are: none."


def test_codes_differ() -> None:
    """Every error has a code of its own, for the reference."""
    kinds = [getattr(errors, name) for name in errors.__all__ if name[0].isupper()]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(issubclass(kind, FrameworkError) for kind in kinds)


def test_suggestion_names_what_is_near() -> None:
    """Near words are offered, far ones are not."""
    assert suggestion("titel", ["title", "x"], "{{{}}}") == "Did you mean {title}?"
    assert suggestion("zzz", ["title"]) == ""
