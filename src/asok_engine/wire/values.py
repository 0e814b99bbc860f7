"""Fields that may repeat: query strings and forms. The last value by name, every value in order.

A dict of the last values, so the usual reading costs what a dict costs; the list
of a repeated name is kept beside it only when something repeats. It knows no
syntax: query strings, urlencoded and multipart forms all end here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from asok_engine.errors import MissingField

__all__ = ["Values", "no_values"]

_NONE: Mapping[str, list[str]] = {}


class Values(dict[str, str]):
    """Named text values; `values["a"]` and `get` give the last one sent, `getlist` all of them.

    A name that was not sent is MissingField, a KeyError that is answered with 400.

    Built from pairs in the order they were sent. Blank values are values. To set
    a name puts one value in the place of all that were sent.
    """

    __slots__ = ("_repeated",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        if type(pairs) is not list:
            pairs = list(pairs)
        self.update(pairs)
        self._repeated: Mapping[str, list[str]] = _NONE
        if len(self) != len(pairs):
            lists: dict[str, list[str]] = {}
            for name, value in pairs:
                lists.setdefault(name, []).append(value)
            self._repeated = {name: values for name, values in lists.items() if len(values) > 1}

    @classmethod
    def from_lists(cls, lists: Mapping[str, Sequence[str]]) -> Values:
        """Build from a list of values per name."""
        return cls([(name, value) for name, values in lists.items() for value in values])

    def __missing__(self, name: str) -> str:
        raise MissingField(name)

    def getlist(self, name: str) -> list[str]:
        """Give every value of a name in order; an empty list when there is none."""
        if name not in self:
            return []
        value = self[name]
        repeated = self._repeated.get(name)
        # Why the second half: the dict was written to since, and what was sent no longer counts.
        return list(repeated) if repeated is not None and repeated[-1] is value else [value]

    def items_multi(self) -> Iterator[tuple[str, str]]:
        """Give (name, value) for every value, grouped by name."""
        for name in self:
            for value in self.getlist(name):
                yield name, value


def no_values() -> Values:
    """Make a Values to be filled by name, quicker than the class is called."""
    values = Values.__new__(Values)
    values._repeated = _NONE
    return values
