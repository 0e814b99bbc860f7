"""The commands of `aksara` that bring a database to where the migrations are: `migrate` and `status`.

Apart from the other commands about data, since they are asked for help most and need nothing of
models for it.
"""

from __future__ import annotations

from asok_engine.commands.later import later
from asok_engine.commands.migrate import migrate_command, status_command

__all__ = ["migrate", "status"]

_project = later("aksara.datacommands:data_project")

migrate = migrate_command(_project)
status = status_command(_project)
