"""Drivers are loaded when they are needed, and a missing library is one sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asok_engine.database.drivers.loading import async_driver, plain_driver
from asok_engine.database.urls import parse_url
from asok_engine.errors import SetupError

POSTGRES = "postgresql://u:hidden-word@h/db"
MARIADB = "mariadb://u:hidden-word@h/db"


@pytest.mark.parametrize(
    ("url", "library", "load"),
    [
        (POSTGRES, "psycopg", plain_driver),
        (POSTGRES, "asyncpg", async_driver),
        (MARIADB, "pymysql", plain_driver),
        (MARIADB, "asyncmy", async_driver),
    ],
)
def test_missing_library_names_the_command(
    url: str, library: str, load: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says which package and how to get it, and shows no password."""
    monkeypatch.delitem(sys.modules, f"asok_engine.database.drivers.{library}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    assert callable(load)
    with pytest.raises(SetupError) as caught:
        load(parse_url(url))
    extra = "postgres" if "postgresql" in url else "mysql"
    assert f'pip install "asok[{extra}]"' in str(caught.value)
    assert library in str(caught.value)
    assert "hidden-word" not in str(caught.value)


def test_no_library_is_loaded_before_it_is_needed() -> None:
    """Whoever uses SQLite pays for no other driver."""
    code = (
        "import sys, asok_engine.database.databases as d, asok_engine.database.running\n"
        "print(sorted({'asyncpg', 'psycopg', 'pymysql', 'asyncmy', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
