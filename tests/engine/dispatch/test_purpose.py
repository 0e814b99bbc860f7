"""What a process has imported the application for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from asok_engine.dispatch import purpose


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    purpose.to_serve()


def test_process_that_nobody_has_told_anything_serves() -> None:
    """A server imports an application without asking anybody."""
    code = "from asok_engine.dispatch import purpose; print(purpose.serves())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_command_says_so_and_may_take_it_back() -> None:
    """The last word counts."""
    purpose.for_a_command()
    assert not purpose.serves()
    purpose.to_serve()
    assert purpose.serves()
