"""Components hold their values until their slot is there."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.templates.components import component
from asok_engine.templates.markup import Markup


def test_a_component_gets_its_slot_as_html() -> None:
    """What stands between the tags was rendered already; values go before it."""
    got: list[Any] = []

    def make(name: str, /, *, slot: str, **state: Any) -> str:
        got.extend([name, slot, state])
        return "made"

    assert component(make, "Card", count=1).render("<b>") == "made"
    assert got == ["Card", "<b>", {"count": 1}]
    assert isinstance(got[1], Markup)


def test_without_components_the_tag_says_what_is_missing() -> None:
    """The name is in the error, and what to do."""
    with pytest.raises(UsageError, match="{% component 'Card' %} needs live components") as raised:
        component("", "Card")
    assert "component(name, slot=..., **state)" in raised.value.fix
