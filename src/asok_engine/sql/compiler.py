"""What a statement is for a driver: text, parameters, and how to read what comes back.

The text of a statement depends on its shape only, never on its values. A
`Template` is the text of one shape in one dialect with the order and the encoders
of its parameters; it is written once, kept by the dialect, and bound to the values
of each statement. On the way of a shape that is known stands nothing else: no
expression tree, no SQLAlchemy. This module knows neither shapes nor dialects.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal

from msgspec import Struct

__all__ = ["Compiled", "Decode", "Returns", "Template", "TemplateCache"]

Returns = Literal["rows", "count", "key", "named"]
Decode = Callable[[Sequence[Sequence[Any]]], Any]


class Compiled(Struct, frozen=True):
    """One statement, ready for a driver."""

    #: SQL in the dialect's parameter style.
    text: str
    #: In the order of the text, encoded for the driver. For executemany: a list of such rows.
    parameters: Sequence[Any]
    #: What the driver reads: "rows" all rows as sequences, "count" the number of rows that were
    #: affected, "key" the key that the database gave to the row that was inserted, "named" all rows
    #: behind one with the names of their columns, for a statement that nobody here has written.
    returns: Returns
    #: Applied to the list of rows by whoever reads them; its result is the result of the statement.
    #: With "count" and "key", and where it is None, the result is what the driver gave.
    decode: Decode | None


class Template(Struct, frozen=True):
    """The text of one shape in one dialect."""

    text: str
    returns: Returns
    decode: Decode | None = None
    #: Position in the statement's values for each parameter; None where they are the same.
    order: tuple[int, ...] | None = None
    #: (position among the parameters, encoder) for the parameters that need one.
    encoders: tuple[tuple[int, Callable[[Any], Any]], ...] = ()
    #: Values that the text needs beside those of the statement; they stand behind them.
    constants: tuple[Any, ...] = ()

    def bind(self, values: Sequence[Any]) -> Compiled:
        """Give the statement with these values."""
        if self.order is not None or self.encoders:
            values = self.parameters(values)
        return Compiled(self.text, values, self.returns, self.decode)

    def parameters(self, values: Sequence[Any]) -> list[Any]:
        """Give the values in the order of the text, encoded for the driver."""
        if self.constants:
            values = (*values, *self.constants)
        parameters = list(values) if self.order is None else [values[place] for place in self.order]
        for place, encode in self.encoders:
            value = parameters[place]
            if value is not None:
                parameters[place] = encode(value)
        return parameters


class TemplateCache(dict[Hashable, Template]):
    """Templates by shape, at most `limit` of them; when it is full, the oldest half goes.

    A reader uses it as the dict that it is. Safe with several threads: at worst a
    template is written twice.
    """

    def __init__(self, limit: int = 2000) -> None:
        super().__init__()
        self.limit = limit

    def keep(self, shape: Hashable, template: Template) -> Template:
        """Remember the template of a shape and give it back."""
        if len(self) >= self.limit:
            for oldest in list(self)[: self.limit // 2]:
                self.pop(oldest, None)
        self[shape] = template
        return template
