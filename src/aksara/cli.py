"""The command `aksara`: its names, one line about each, and where each is found.

Only click is imported here; a command's module is imported when the command runs.
"""

from __future__ import annotations

from asok_engine.commands.console import console, leave

__all__ = ["cli", "main"]

cli = console(
    "aksara",
    "Look into and run applications of APIs.",
    {
        "makemigrations": ("aksara.datacommands:makemigrations", "Write a migration from changed models."),
        "migrate": ("aksara.migratecommand:migrate", "Apply migrations to the database, or roll them back."),
        "status": ("aksara.migratecommand:status", "Show which migrations are applied."),
        "db": ("aksara.datacommands:db", "Look into the database, fill it, carry rows out and in."),
        "settings": ("aksara.commands:settings", "List and check the settings."),
    },
)


def main() -> None:
    """Run the command line of this process."""
    leave(cli)


if __name__ == "__main__":
    main()
