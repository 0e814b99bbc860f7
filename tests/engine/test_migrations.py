"""The words of migration files are all there, and loading them is light."""

from __future__ import annotations

import subprocess
import sys

import asok_engine.migrations as words
from asok_engine.migrations.operations import Operation
from asok_engine.migrations.operations import __all__ as operation_names
from asok_engine.sql.types import __all__ as type_names


def test_every_operation_and_type_is_a_word() -> None:
    """What a migration may do can be written."""
    missing = set(operation_names) - set(words.__all__) - {"Operation"}
    assert not missing
    assert {name for name in type_names if name[0].islower()} <= set(words.__all__)
    assert issubclass(words.CreateTable, Operation)


def test_words_load_no_sql_library() -> None:
    """A model's module may use them."""
    code = "import sys, asok_engine.migrations; sys.exit('sqlalchemy' in sys.modules or 'alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
