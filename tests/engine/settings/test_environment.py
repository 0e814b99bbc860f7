"""The process environment and the `.env` file as one mapping, and what reading leaves untouched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asok_engine.settings.environment import Environment
from asok_engine.settings.problem import SettingsError


def written(folder: Path, text: str | bytes) -> Path:
    """Write a `.env` and give its path."""
    file = folder / ".env"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_the_process_beats_the_file_for_every_name(tmp_path: Path) -> None:
    """All names are asked in the process before the first is asked in the file."""
    file = written(tmp_path, "ASOK_DEBUG=file\nDEBUG=file\nONLY=here\n")
    environment = Environment(file, {"DEBUG": "process"})
    found = environment.find(["ASOK_DEBUG", "DEBUG"])
    assert found is not None
    assert (found.text, found.where) == ("process", "environment DEBUG")
    found = environment.find(["MISSING", "ONLY"])
    assert found is not None
    assert (found.text, found.where) == ("here", ".env ONLY")
    assert environment.find(["MISSING"]) is None


def test_it_is_a_mapping_of_both(tmp_path: Path) -> None:
    """Each name is there once, with the value that wins."""
    environment = Environment(written(tmp_path, "A=1\nB=2\n"), {"B": "3", "C": "4"})
    assert dict(environment) == {"A": "1", "B": "3", "C": "4"}
    assert len(environment) == 3
    assert "A" in environment
    assert "D" not in environment


def test_quotes_comments_export_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    """The forms that editors and people write are understood; a name without value is no value."""
    text = "\ufeffA='x # y'\n# no\nexport B=\"two\\nlines\"\nC=plain # said\nD\n"
    assert Environment(written(tmp_path, text), {}).file_values == {
        "A": "x # y",
        "B": "two\nlines",
        "C": "plain",
    }


def test_reading_changes_nothing_in_the_process(tmp_path: Path) -> None:
    """The values of the file are not put into os.environ."""
    environment = Environment(written(tmp_path, "SETTINGS_TEST_ONLY=1\n"))
    before = dict(os.environ)
    assert environment["SETTINGS_TEST_ONLY"] == "1"
    assert dict(os.environ) == before


def test_visible_shows_the_file_and_takes_it_away_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside the block os.environ has the file's values where it has none of its own; after it, as before."""
    monkeypatch.setenv("SETTINGS_TEST_OWN", "process")
    environment = Environment(written(tmp_path, "SETTINGS_TEST_OWN=file\nSETTINGS_TEST_NEW=file\n"))
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), environment.visible():
        assert os.environ["SETTINGS_TEST_OWN"] == "process"
        assert os.environ["SETTINGS_TEST_NEW"] == "file"
        _ = 1 / 0
    assert dict(os.environ) == before


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    """No `.env` is no error, and a folder of that name is none either."""
    (tmp_path / "folder").mkdir()
    for file in (None, tmp_path / ".env", tmp_path / "folder"):
        environment = Environment(file, {})
        assert dict(environment) == {}
        assert environment.unreadable_lines() == []
        assert not environment.is_world_readable()


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    """A `.env` that cannot be decoded stops with its path, not with a traceback of a codec."""
    file = written(tmp_path, b"A=\xff\xfe\n")
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        _ = Environment(file, {}).file_values
    assert str(file) in str(caught.value)
    assert Environment(file, {}).unreadable_lines() == []


def test_a_line_that_cannot_be_read_is_named_by_its_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A slip such as a space in a name is told, with the line and once, and the other lines count."""
    environment = Environment(written(tmp_path, "A=1\nSECRET KEY=abc\nB=2\n"), {})
    [problem] = environment.unreadable_lines()
    assert problem.level == "warning"
    assert "Line 2 " in problem.message
    assert dict(environment) == {"A": "1", "B": "2"}
    assert caplog.records == []


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_a_file_that_everybody_can_read_is_noticed(tmp_path: Path) -> None:
    """The mode of the file decides, not that of its folder."""
    file = written(tmp_path, "A=1\n")
    file.chmod(0o644)
    assert Environment(file, {}).is_world_readable()
    file.chmod(0o640)
    assert not Environment(file, {}).is_world_readable()
