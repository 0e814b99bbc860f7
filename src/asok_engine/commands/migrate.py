"""The commands `migrate` and `status`: bring a database to where the migrations are, or show where it is.

Only the options are here, so that `--help` is quick; `migrating` does what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from asok_engine.commands.data_options import database_option
from asok_engine.commands.later import later
from asok_engine.errors import UsageError

if TYPE_CHECKING:
    from asok_engine.commands.data_project import LoadDataProject

__all__ = ["migrate_command", "status_command"]

_migrate_database = later("asok_engine.commands.migrating:migrate_database")
_show_status = later("asok_engine.commands.migrating:show_status")


def migrate_command(load: LoadDataProject) -> click.Command:
    """Make `migrate`."""

    @click.command("migrate")
    @click.option("--status", is_flag=True, help="Show which migrations are applied.")
    @click.option("--check", is_flag=True, help="Exit 1 when migrations are missing or the database differs.")
    @click.option("--plan", is_flag=True, help="Show SQL, locks and risks; change nothing.")
    @click.option("--rollback", is_flag=True, help="Roll back the last run.")
    @click.option(
        "--steps", type=click.IntRange(1), metavar="N", help="With --rollback: the last N migrations."
    )
    @click.option(
        "--to",
        metavar="NAME",
        default="",
        help="Go forward or back to this migration; zero is before the first.",
    )
    @click.option("--fake", is_flag=True, help="Only note it; run nothing.")
    @click.option(
        "--allow-unsafe",
        is_flag=True,
        help="Also do what breaks running code, loses rows or blocks everybody.",
    )
    @click.option(
        "--wait",
        type=click.FloatRange(0),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="For another process that migrates.",
    )
    @database_option
    def migrate(
        status: bool,
        check: bool,
        plan: bool,
        rollback: bool,
        steps: int | None,
        to: str,
        fake: bool,
        allow_unsafe: bool,
        wait: float,
        database: str,
    ) -> int:
        """Apply the migrations that are missing, or roll some back."""
        if rollback and to:
            raise UsageError("--rollback and --to were both given.", fix="Take one: --to also goes back.")
        if steps and not rollback:
            raise UsageError("--steps was given without --rollback.", fix="Write --rollback --steps N.")
        code: int = _migrate_database(
            load(),
            database,
            status=status,
            check=check,
            plan=plan,
            rollback=rollback,
            steps=steps or 0,
            to=to,
            fake=fake,
            allow_unsafe=allow_unsafe,
            wait_seconds=wait,
        )
        return code

    return migrate


def status_command(load: LoadDataProject) -> click.Command:
    """Make `status`."""

    @click.command("status")
    @database_option
    def status(database: str) -> int:
        """Show which migrations are applied."""
        code: int = _show_status(load(), database)
        return code

    return status
