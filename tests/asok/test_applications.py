"""Finding the one application of a process."""

from __future__ import annotations

import subprocess
import sys
import weakref
from pathlib import Path

from asok.applications import Belongings, FirstUse

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


class Counting:
    """Counts how often it prepares."""

    count = 0

    def prepare(self) -> None:
        """Count."""
        self.count += 1


def test_first_use_prepares_once() -> None:
    """Who asks before is prepared at the first use and not at later ones."""
    use, thing = FirstUse(), Counting()
    use.prepare_with(thing.prepare)
    assert thing.count == 0
    use.begin()
    use.begin()
    assert thing.count == 1


def test_who_comes_after_the_first_use_is_prepared_at_once() -> None:
    """There is nothing left to wait for."""
    use, thing = FirstUse(), Counting()
    use.begin()
    use.prepare_with(thing.prepare)
    assert thing.count == 1


def test_waiting_for_the_first_use_keeps_nothing_alive() -> None:
    """An application that is gone is not prepared, and the last one that asked is the one that counts."""
    use, first, last = FirstUse(), Counting(), Counting()
    use.prepare_with(first.prepare)
    use.prepare_with(last.prepare)
    use.begin()
    assert (first.count, last.count) == (0, 1)
    use, gone = FirstUse(), weakref.ref(first)
    use.prepare_with(first.prepare)
    del first
    assert gone() is None
    use.begin()
