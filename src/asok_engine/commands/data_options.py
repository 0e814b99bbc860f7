"""Options that several commands about data take.

They stand apart from the project that those commands work on, which needs all that
knows of databases.
"""

from __future__ import annotations

import click

__all__ = ["database_option"]

#: The option --database of a command.
database_option = click.option(
    "--database", default="default", show_default=True, metavar="ALIAS", help="The database."
)
