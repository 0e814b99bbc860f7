"""The command `settings`: what is set, to which value, by which source, and what is wrong.

It knows a resolver and nothing of applications; a face's command line gives it the
function that loads one. Plain text for people and JSON for programs; secrets are
masked in both. Problems end the command with status 1, warnings do not.
"""

from __future__ import annotations

from collections.abc import Callable

import click

from asok_engine.settings.printing import as_json, listing, report
from asok_engine.settings.problem import SettingsError
from asok_engine.settings.resolver import Layer, Resolved, Resolver

__all__ = ["settings_command"]


def settings_command(face_name: str, load: Callable[[], Resolver]) -> click.Command:
    """Make the command of a face; `load` gives the resolver of the project in the working directory.

    With `--check` it validates and exits 1 when something must be corrected;
    `--production` does so as if DEBUG were false. An error that `load` raises is
    left to the face's command line.
    """

    @click.command("settings", help=f"List every setting of {face_name}: name, value, source, meaning.")
    @click.option("--json", "wants_json", is_flag=True, help="Print JSON, secrets masked.")
    @click.option(
        "--check", "checks", is_flag=True, help="Only report problems; exit 1 if something is wrong."
    )
    @click.option("--production", "as_production", is_flag=True, help="Check as if DEBUG were false.")
    @click.pass_context
    def settings(context: click.Context, wants_json: bool, checks: bool, as_production: bool) -> None:
        resolver = load()
        if as_production:
            checks = True
            resolver = resolver.with_layer(Layer("--production", {"DEBUG": False}))
        resolved = _readable(resolver)
        problems = resolver.problems()
        errors = [problem for problem in problems if problem.level == "error"]
        if wants_json:
            click.echo(as_json(resolved, problems))
        elif checks:
            if problems:
                click.echo(report(problems))
            click.echo(_verdict(len(resolver.table.rows), len(errors), len(problems) - len(errors)))
        else:
            click.echo(listing(resolved, resolver.table.planned))
            if problems:
                click.echo(f"\n{report(problems)}")
        if checks and errors:
            context.exit(1)

    return settings


def _readable(resolver: Resolver) -> list[Resolved]:
    resolved: list[Resolved] = []
    for setting in resolver.table.rows:
        try:
            resolved.append(resolver.resolve(setting))
        except SettingsError:
            # The report names it; the listing shows that it has no value.
            resolved.append(Resolved(setting, None, "unreadable"))
    return resolved


def _verdict(count: int, errors: int, warnings: int) -> str:
    said = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((errors, "error"), (warnings, "warning"))
    ]
    return f"{count} settings checked: {', '.join(said)}."
