"""What the project's own code raises is one sentence with file and line."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from asok_engine.commands.own_code import told
from asok_engine.errors import SetupError


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("\n1 / 0\n", "Seeds failed: ZeroDivisionError in own.py line 2: division by zero."),
        ("x = 1\nclass Open(object)\n", "Seeds failed: SyntaxError in own.py line 2: expected ':'."),
        (
            "import textwrap\ntextwrap.indnt\n",
            "Seeds failed: AttributeError in own.py line 2: module 'textwrap' has no attribute 'indnt'. "
            "Did you mean indent?",
        ),
        ("assert False", "Seeds failed: AssertionError in own.py line 1."),
        ("raise ValueError('Is it?')", "Seeds failed: ValueError in own.py line 1: Is it?"),
    ],
)
def test_failure_is_a_sentence_and_the_error_its_cause(tmp_path: Path, code: str, sentence: str) -> None:
    """Kind, file, line, text and the nearest name; each ends as a sentence does."""
    (tmp_path / "own.py").write_text(code)
    with pytest.raises(SetupError) as caught, told(tmp_path, "Seeds failed"):
        runpy.run_path(str(tmp_path / "own.py"))
    assert str(caught.value) == sentence
    assert type(caught.value.__cause__).__name__ in sentence


def test_failure_outside_of_the_project_has_no_place(tmp_path: Path) -> None:
    """No line of this project would help."""
    with pytest.raises(SetupError, match=r"^Seeds failed: ZeroDivisionError: division by zero\.$"):
        with told(tmp_path, "Seeds failed"):
            _ = 1 / 0


def test_what_the_framework_says_goes_through(tmp_path: Path) -> None:
    """It names its own place."""
    with pytest.raises(SetupError, match="^as it is$"), told(tmp_path, "Seeds failed"):
        raise SetupError("as it is")
