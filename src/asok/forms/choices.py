"""What one can choose from: values with labels, alone, in groups, or as a tree.

An application writes choices as pairs, plain values, a mapping, an enum, or a
function that gives one of these anew for each request. Here they become one
shape. Values travel as text; what was chosen comes back as the value it was.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from asok_engine.errors import UsageError

__all__ = ["Choice", "Choices", "as_text", "flatten", "read_choices"]

Choices = Iterable[Any] | Mapping[Any, Any] | type[enum.Enum] | Callable[[], Any]


class Choice(Struct, frozen=True):
    """One value with its label; a group has no value, a branch of a tree has both and children."""

    value: Any
    label: str
    children: tuple[Choice, ...] = ()
    is_group: bool = False

    @property
    def text(self) -> str:
        """The value as it travels."""
        return as_text(self.value)


def as_text(value: Any) -> str:
    """Give a value as it stands in a form."""
    if isinstance(value, enum.Enum):
        value = value.value
    if value is True or value is False:
        return "true" if value else "false"
    return "" if value is None else str(value)


def read_choices(choices: Choices | None) -> tuple[Choice, ...]:
    """Read choices in any of their forms; raises UsageError for what is none."""
    if choices is None:
        return ()
    if isinstance(choices, type) and issubclass(choices, enum.Enum):
        return tuple(Choice(member, _title(member.name)) for member in choices)
    if callable(choices):
        given: Any = choices()
        return read_choices(given)
    if isinstance(choices, Mapping):
        return tuple(_entry(value, label) for value, label in choices.items())
    if isinstance(choices, str) or not isinstance(choices, Iterable):
        raise UsageError(f"{choices!r} are no choices.", fix="Give a list of (value, label) pairs.")
    return tuple(_read(item) for item in choices)


def _read(item: Any) -> Choice:
    if isinstance(item, Choice):
        return item
    if isinstance(item, Sequence) and not isinstance(item, str):
        if len(item) == 3:
            return Choice(item[0], str(item[1]), read_choices(item[2]))
        if len(item) == 2:
            return _entry(*item)
        raise UsageError(f"{item!r} is no choice.", fix="Write (value, label), or (value, label, children).")
    return Choice(item, _title(item.name) if isinstance(item, enum.Enum) else as_text(item))


def _entry(value: Any, label: Any) -> Choice:
    if isinstance(label, Mapping) or (isinstance(label, Iterable) and not isinstance(label, str)):
        return Choice(None, str(value), read_choices(label), is_group=True)
    return Choice(value, str(label))


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def flatten(choices: Iterable[Choice]) -> Iterator[Choice]:
    """Give every choice that can be chosen, groups opened."""
    for choice in choices:
        if not choice.is_group:
            yield choice
        yield from flatten(choice.children)
