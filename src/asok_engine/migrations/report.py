"""A plan as text, and the refusal of what is unsafe: what will run, and what it costs.

Each migration with its operations; below each operation its SQL, the locks that it
takes, whether the table is written anew, and whether code of the previous version
goes on working. Read before a deploy; the same steps run afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from asok_engine.errors import UsageError
from asok_engine.migrations.operations import Operation
from asok_engine.migrations.risks import Risk, risk_of
from asok_engine.migrations.runner import Move
from asok_engine.sql.metadata import DialectName

__all__ = ["UnsafeMigration", "plan_text", "refuse_unsafe", "unsafe_lines"]


class UnsafeMigration(UsageError):
    """A migration would break running code, lose rows, or hold up everybody."""

    code = "unsafe-migration"


class Priced(Struct, frozen=True):
    """One operation with what it costs."""

    operation: Operation
    risk: Risk


def _priced(move: Move, dialect: DialectName) -> Iterator[tuple[Priced, Sequence[str]]]:
    for spelled in move.spelled:
        state = spelled.before
        last = spelled.operations[-1]
        for operation in spelled.operations:
            risk = risk_of(operation, state, dialect, move.made_tables)
            state = operation.apply(state)
            texts = [step.text for step in spelled.steps] if operation is last else []
            yield Priced(operation, risk), texts


def plan_text(moves: Iterable[Move], dialect: DialectName) -> str:
    """Write everything that would be done, with its costs."""
    lines: list[str] = []
    unsafe = 0
    for move in moves:
        verb = "apply" if move.direction == "forward" else "roll back"
        lines.append(f"{verb} {move.migration.name}")
        for priced, texts in _priced(move, dialect):
            risk = priced.risk
            unsafe += risk.is_unsafe
            lines.append(f"  {'! ' if risk.is_unsafe else '- '}{priced.operation.describe()}")
            lines += [f"      {line}" for line in _said(risk)]
            for text in texts:
                lines += [f"        {line.strip()}" for line in f"{text};".splitlines()]
        if not move.spelled:
            lines.append("  - nothing to do in this database")
    if not lines:
        return "Nothing to do."
    if unsafe:
        what = "1 unsafe operation" if unsafe == 1 else f"{unsafe} unsafe operations"
        lines.append(f"{what}, marked with !; run with --allow-unsafe to allow it.")
    return "\n".join(lines)


def _said(risk: Risk) -> Iterator[str]:
    yield f"locks: {risk.lock or 'nothing'}"
    if risk.rewrites:
        yield "the whole table is written anew"
    yield f"running code of the previous version: {'goes on' if risk.survives else 'FAILS'}"
    if risk.loses:
        yield "what is dropped is lost"
    if risk.why:
        yield risk.why


def unsafe_lines(moves: Iterable[Move], dialect: DialectName) -> list[str]:
    """Give one line for each unsafe operation."""
    return [
        f"{move.migration.name}: {priced.operation.describe()}. {priced.risk.why}"
        for move in moves
        for priced, _ in _priced(move, dialect)
        if priced.risk.is_unsafe
    ]


def refuse_unsafe(moves: Iterable[Move], dialect: DialectName) -> None:
    """Raise UnsafeMigration when something needs to be allowed."""
    lines = unsafe_lines(moves, dialect)
    if lines:
        shown = "\n  ".join(lines)
        raise UnsafeMigration(
            f"Nothing was changed, because this is unsafe while the application runs:\n  {shown}\n",
            fix="Look at --plan, and run again with --allow-unsafe when that is what you want.",
        )
