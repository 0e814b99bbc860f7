"""The command of `asok` that brings a database to where the migrations are: `migrate`.

Apart from the other commands about data, since it is asked for help most and needs nothing of
models for it.
"""

from __future__ import annotations

from asok_engine.commands.later import later
from asok_engine.commands.migrate import migrate_command

__all__ = ["migrate"]

_project = later("asok.datacommands:data_project")

migrate = migrate_command(_project)
