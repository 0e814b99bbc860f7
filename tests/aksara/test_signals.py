"""Signals of the face are the engine's, so a receiver hears of models of both."""

from __future__ import annotations

from aksara import signals
from asok_engine.records import signals as engine


def test_signals_are_those_of_the_engine() -> None:
    """One list of receivers, whichever face they were connected by."""
    for name in signals.__all__:
        assert getattr(signals, name) is getattr(engine, name)
