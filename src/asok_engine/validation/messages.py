"""What is said when a rule does not hold.

The field's own message goes first, then the locale's `v_<rule>`, then plain
English. Placeholders in braces are replaced by what the rule asks for, and by
nothing else: a message cannot reach into objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from asok_engine.validation.rulebook import Rule
from asok_engine.validation.rules import FieldRules, RuleCall

__all__ = ["Translate", "fill", "message_for"]

#: Gives the text of a locale for a key, or the key itself where there is none.
Translate = Callable[[str], str]

_PLACE = re.compile(r"\{([a-z_]+)\}")


def message_for(
    rules: FieldRules,
    call: RuleCall,
    rule: Rule,
    key: str,
    parameters: Mapping[str, Any],
    translate: Translate | None,
) -> str:
    """Give the sentence for a rule that does not hold; `key` is its precise name, such as `min_number`."""
    values = {"field": rules.label or rules.name, "arg": call.argument, **parameters}
    own = rules.messages.get(key) or rules.messages.get(call.name)
    if own is not None:
        return fill(own, values)
    if translate is not None:
        for name in (key, call.name) if key in ("", call.name) or key.endswith("_text") else (key,):
            text = translate(f"v_{name}") if name else ""
            if text and text != f"v_{name}":
                return fill(text, values)
    default = rule.messages.get(key) or next(iter(rule.messages.values()), "This is not accepted.")
    return fill(default, values)


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Put values in the place of `{name}`; a name that is unknown stays as it is."""
    return _PLACE.sub(lambda found: str(values.get(found[1], found[0])), text)
