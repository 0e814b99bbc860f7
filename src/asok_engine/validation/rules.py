r"""Rules as they are written: `"required|min:2"`, or a list when an argument needs every character.

In the text form `|` stands between rules and the first `:` before the argument;
`\|` is a bar inside an argument, and further colons need nothing. In a list each
entry is one rule, so nothing in it is split: `["required", "regex:^a|b$"]`.
Arguments of several parts have commas between them; `\,` is a comma in a part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from asok_engine.errors import UsageError

__all__ = ["FieldRules", "RuleCall", "Rules", "parse_rules"]


class RuleCall(Struct, frozen=True):
    """One rule with its argument."""

    name: str
    #: The argument as it was written, "" without one.
    argument: str = ""
    #: Its parts, between commas.
    arguments: tuple[Any, ...] = ()


Rules = str | Sequence["str | RuleCall | tuple[str, Any]"]


class FieldRules(Struct, frozen=True):
    """What one field has to meet, and how to say it.

    `messages` goes before every other message, by rule; `label` is what a message
    calls the field.
    """

    name: str
    calls: tuple[RuleCall, ...]
    messages: Mapping[str, str] = field(default_factory=dict)
    label: str = ""

    def has(self, *names: str) -> bool:
        """Tell whether one of these rules is among its own."""
        return any(call.name in names for call in self.calls)

    def call(self, name: str) -> RuleCall | None:
        """Give the first rule of this name."""
        return next((call for call in self.calls if call.name == name), None)


def parse_rules(rules: Rules | None) -> tuple[RuleCall, ...]:
    """Read rules in either form; raises UsageError for what is no rule."""
    if not rules:
        return ()
    entries: Sequence[Any] = _split(rules, "|") if isinstance(rules, str) else rules
    return tuple(_call(entry, rules) for entry in entries if entry != "")


def _call(entry: Any, rules: Any) -> RuleCall:
    if isinstance(entry, RuleCall):
        return entry
    if isinstance(entry, str):
        name, _, argument = entry.partition(":")
        name = name.strip()
        if not name:
            raise UsageError(f"The rules {rules!r} have a rule without a name.", fix="Write name:argument.")
        return RuleCall(name, argument, tuple(_split(argument, ",")) if argument else ())
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str):
        name, given = entry
        parts = tuple(given) if isinstance(given, list | tuple | set | frozenset) else (given,)
        return RuleCall(name, ",".join(str(part) for part in parts), parts)
    raise UsageError(f"{entry!r} is no rule.", fix='Write "name:argument" or the pair ("name", argument).')


def _split(text: str, separator: str) -> list[str]:
    """Split at the separator, except where a backslash stands before it."""
    if "\\" + separator not in text:
        return text.split(separator)
    parts, part, i = [], "", 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1 : i + 2] == separator:
            part += separator
            i += 2
        elif text[i] == separator:
            parts.append(part)
            part = ""
            i += 1
        else:
            part += text[i]
            i += 1
    return [*parts, part]
