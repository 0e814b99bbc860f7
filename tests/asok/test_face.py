"""The face `asok`: its names, where they come from, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import asok


def test_every_public_name_can_be_imported() -> None:
    """What `__all__` promises is there, and `dir` shows it."""
    for name in asok.__all__:
        assert getattr(asok, name) is not None
        assert name in dir(asok)


def test_unknown_name_is_an_attribute_error() -> None:
    """A slip is reported as for any module."""
    try:
        asok.Asock  # noqa: B018
    except AttributeError as error:
        assert "Asock" in str(error)
    else:
        raise AssertionError


def test_importing_the_face_and_making_an_application_loads_nothing_heavy() -> None:
    """No server, no command line, no driver is loaded before it is used."""
    program = (
        "import sys\n"
        "from asok import Asok\n"
        "Asok()\n"
        "heavy = {'uvicorn', 'granian', 'click', 'redis', 'sqlalchemy', 'dotenv', 'brotli', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_names_that_are_promised_are_those_that_are_found() -> None:
    """The list that type checkers read and the table that names are imported from say the same."""
    assert sorted(asok.__all__) == sorted(asok._HOMES)
