"""What a database is told, one step at a time, and how to see whether a step was done.

A step is one statement or one call. Where the database cannot undo a statement
that changes tables, steps are written down one by one, and a step that may have
happened before the process died is looked for with its probe. Nothing is run here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from asok_engine.migrations.link import Data

__all__ = ["Probe", "Step", "StepKind"]

#: `ddl` changes tables; `rows` changes rows; `call` is a function; `guard` is a SELECT that must find
#: nothing; `remember` and `restore` carry triggers and indexes, that no migration knows, over a rebuild.
StepKind = Literal["ddl", "rows", "call", "guard", "remember", "restore"]


class Probe(Struct, frozen=True):
    """A question to the database: is this there?"""

    what: Literal["table", "column", "index", "constraint"]
    table: str
    name: str = ""
    is_there: bool = True


class Step(Struct, frozen=True):
    """One statement or call."""

    kind: StepKind
    text: str
    #: True when the step has happened; None when doing it again does no harm.
    done: Probe | None = None
    #: The step is left out unless this holds.
    when: Probe | None = None
    #: False for what PostgreSQL does only outside a transaction.
    in_transaction: bool = True
    function: Callable[[Data], Any] | None = None
    #: The table of `remember` and `restore`; what a `guard` says when it finds a row.
    subject: str = ""
    #: Names of indexes and triggers that `remember` leaves alone: migrations know them.
    known: tuple[str, ...] = ()
