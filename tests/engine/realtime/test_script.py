"""The browser's script as a text; what it does is watched in a browser by the journeys."""

from __future__ import annotations

from asok_engine.realtime import script


def test_script_names_the_helper_and_evaluates_nothing() -> None:
    """It defines window.asokWS, and a strict policy has nothing to forbid in it."""
    text = script.content().decode()
    assert "window.asokWS = " in text
    for forbidden in ("eval(", "new Function", "innerHTML", "document.write"):
        assert forbidden not in text
