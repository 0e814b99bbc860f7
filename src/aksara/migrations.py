"""The words of migration files: `from aksara.migrations import CreateTable, Table, Column, string`.

Operations, the parts of tables, and the types of columns. The command writes such
files; a person may change them before they are applied, or write them alone.
"""

from __future__ import annotations

from asok_engine.migrations import *  # noqa: F403
