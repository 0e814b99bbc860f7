"""Finding the one application of a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from asok.applications import Belongings

PROGRAM = """
from asok import Asok
from asok.applications import the_application
print(the_application("a thing"))
one = Asok()
print(the_application("a thing") is one)
two = Asok()
try:
    the_application("a thing")
except Exception as error:
    print(error)
"""


def test_one_application_is_found_and_of_several_none(tmp_path: Path) -> None:
    """None before there is one, the one, and an error that says what to do."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    nothing, is_it, several = run.stdout.splitlines()
    assert (nothing, is_it) == ("None", "True")
    assert "a thing does not know which of 2 applications" in several
    assert "app=app" in several


def test_what_waits_is_taken_once() -> None:
    """The first application takes what was made before it."""
    belongings = Belongings()
    belongings.wait("thing")
    assert (belongings.take(), belongings.take()) == (["thing"], [])
