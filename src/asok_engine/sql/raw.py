"""SQL that the developer writes, with `?` or `:name` where values go.

The text is translated to the dialect's own way of writing parameters; text in
quotes and comments stays as it is. A value never becomes a part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.sql.compiler import Compiled, Decode, Returns
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.statements import Statement
from asok_engine.sql.values import encoded

__all__ = ["Raw"]

#: What holds no parameters: strings, quoted names, comments, dollar quotes, casts.
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|(\$\w*\$).*?\1|::"
    r"|(?P<mark>\?\??)|:(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)


class Raw(Statement, eq=False):
    """A statement in SQL.

    `values` fill each `?` in order, or each `:name` by name. `??` is a question mark,
    for PostgreSQL's operators. `writes` must be said by the one who wrote it.
    """

    text: str
    values: Sequence[Any] | Mapping[str, Any] = ()
    returns: Returns = "rows"
    decode: Decode | None = None

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text in the dialect's parameter style, and the parameters.

        Raises:
            UsageError: there are more or fewer values than places, or a name has no value.
        """
        parameters: list[Any] = []
        numbers: dict[str, int] = {}
        style = dialect.parameter_style
        doubled = "%%" if style == "format" else "%"

        def place(value: Any) -> str:
            parameters.append(value)
            return {"qmark": "?", "format": "%s"}.get(style) or f"${len(parameters)}"

        def token(match: re.Match[str]) -> str:
            mark, name = match["mark"], match["name"]
            if mark == "??":
                return "?"
            if mark:
                return place(self._value_at(len(parameters)))
            if name:
                if style == "numeric_dollar" and name in numbers:
                    return f"${numbers[name]}"
                written = place(self._value_of(name))
                numbers[name] = len(parameters)
                return written
            return match[0].replace("%", doubled)

        pieces: list[str] = []
        end = 0
        for match in _TOKEN.finditer(self.text):
            pieces += (self.text[end : match.start()].replace("%", doubled), token(match))
            end = match.end()
        pieces.append(self.text[end:].replace("%", doubled))
        if not isinstance(self.values, Mapping) and len(parameters) != len(self.values):
            raise self._miscounted(len(parameters))
        return Compiled("".join(pieces), encoded(parameters, dialect), self.returns, self.decode)

    def _value_at(self, place: int) -> Any:
        if isinstance(self.values, Mapping) or place >= len(self.values):
            raise self._miscounted(place + 1)
        return self.values[place]

    def _value_of(self, name: str) -> Any:
        if not isinstance(self.values, Mapping) or name not in self.values:
            raise UsageError(
                f"The statement {self.text!r} has :{name}, and no value of that name was given.",
                fix=f'Give the values as a dict: {{"{name}": ...}}.',
            )
        return self.values[name]

    def _miscounted(self, places: int) -> UsageError:
        return UsageError(
            f"The statement {self.text!r} has {places} or more places for values "
            f"and {len(self.values)} values were given.",
            fix="Give one value for each `?`.",
        )
