"""The command `asok`: its names, one line about each, and where each is found.

Only click is imported here; a command's module is imported when the command runs.
"""

from __future__ import annotations

from asok_engine.commands.console import console, leave

__all__ = ["cli", "main"]

cli = console(
    "asok",
    "Make, run and look into applications of pages.",
    {
        "create": ("asok.commands:create", "Make a new project in a new folder."),
        "dev": ("asok.commands:dev", "Serve for development; changes start the application again."),
        "preview": ("asok_engine.commands.preview:preview", "Serve here with production settings."),
        "serve": ("asok_engine.commands.serve:serve", "Serve in production, with worker processes."),
        "routes": ("asok_engine.commands.routes:routes", "List every address and what answers it."),
        "make": ("asok.datacommands:make", "Write a model, a migration, or the pages to sign people in."),
        "migrate": ("asok.migratecommand:migrate", "Apply migrations to the database, or roll them back."),
        "db": ("asok.datacommands:db", "Look into the database, fill it, carry rows out and in."),
        "settings": ("asok.commands:settings", "List and check the settings."),
        "shell": ("asok_engine.commands.shell:shell", "Open a Python prompt with the application."),
    },
    called={
        "new": "create",
        "init": "create",
        "startproject": "create",
        "run": "dev",
        "runserver": "dev",
        "generate": "make",
        "makemigrations": "make migration",
    },
)


def main() -> None:
    """Run the command line of this process."""
    leave(cli)


if __name__ == "__main__":
    main()
