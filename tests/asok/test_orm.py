"""The package `asok.orm`: its names, where they come from, and what importing them does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

import asok
import asok.orm


def test_every_name_of_the_package_can_be_imported() -> None:
    """What `__all__` promises is there, and `dir` shows it; those that `asok` has too are the same."""
    for name in asok.orm.__all__:
        assert getattr(asok.orm, name) is not None
        assert name in dir(asok.orm)
    assert asok.Model is asok.orm.Model
    assert asok.Field is asok.orm.Field
    assert sorted(asok.orm.__all__) == sorted([*asok.orm._HOMES, *asok.orm._MODULES])


def test_slip_in_a_name_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="Modle"):
        _ = asok.orm.Modle


def test_models_are_declared_without_a_database_library() -> None:
    """Neither SQLAlchemy nor a driver is loaded before the first statement."""
    program = (
        "import sys\n"
        "from asok import Field, Model, Relation\n"
        "class Reader(Model):\n"
        "    name = Field.String(50)\n"
        "    books = Relation.HasMany('Book')\n"
        "class Book(Model):\n"
        "    reader_id = Field.ForeignKey(Reader)\n"
        "Book.where(Book.reader.name == 'Ada').order_by('-id')\n"
        "heavy = {'sqlalchemy', 'alembic', 'psycopg', 'asyncpg', 'pymysql', 'asyncmy', 'argon2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
