"""The command line's frame: commands that are imported when they run, and errors in one line.

Listing the commands imports nothing but click, so `--help` is quick. An error of
the framework is one line on stderr and exit code 1, wrong usage is 2, Ctrl-C is
130; `--traceback` shows the rest. Nothing is known here of any command.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import click

from asok_engine.errors import FrameworkError

__all__ = ["LazyGroup", "console", "run"]


class LazyGroup(click.Group):
    """A group whose commands are named as `module:attribute` with one line of help.

    The module is imported when its command is run or asked for its own help. `called` says
    by which command what other tools have under another name is done here.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, tuple[str, str]],
        called: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy)
        self.called = dict(called or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order in which they were declared."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of this name."""
        if cmd_name not in self.lazy:
            return None
        module, _, attribute = self.lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a name that is none, say which one may be meant."""
        name = args[0]
        if name not in self.lazy and not name.startswith("-"):
            near = self.called.get(name) or next(iter(get_close_matches(name, self.lazy, n=1)), "")
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the declared lines, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lazy.items()])


def console(
    name: str,
    help_text: str,
    commands: Mapping[str, tuple[str, str]],
    called: Mapping[str, str] | None = None,
) -> LazyGroup:
    """Make the command line `name`; `commands` maps names to (module:attribute, one line of help).

    `called` maps names that other tools have to those of commands here.
    """

    def show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            metadata = importlib.import_module("importlib.metadata")
            click.echo(f"{name} {metadata.version('asok')}")
            ctx.exit()

    return LazyGroup(
        name,
        lazy=commands,
        called=called,
        help=help_text,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        params=[
            click.Option(
                ["-v", "--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=show_version,
                help="Show the version and exit.",
            ),
            click.Option(
                ["--traceback"],
                is_flag=True,
                expose_value=False,
                callback=_remember,
                help="Show where an error arose.",
            ),
        ],
    )


def _remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.find_root().meta["asok.traceback"] = value


def run(group: click.Group, arguments: Sequence[str] | None = None) -> int:
    """Run a command line and give its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = group.main(given, prog_name=group.name, standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return 130
    except KeyboardInterrupt:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except FrameworkError as error:
        if "--traceback" in given:
            raise
        click.echo(f"error: {error}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def leave(group: click.Group) -> NoReturn:
    """Run a command line of this process and exit with its code."""
    sys.exit(run(group))
