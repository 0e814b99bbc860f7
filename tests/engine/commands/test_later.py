"""Code that is loaded at its first call."""

from __future__ import annotations

import sys

import pytest

from asok_engine.commands.later import later


def test_module_is_loaded_when_the_function_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before; arguments and result go through."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    convert = later("colorsys:rgb_to_hls")
    assert "colorsys" not in sys.modules
    assert convert(0, 0, b=0) == (0.0, 0.0, 0.0)
    assert "colorsys" in sys.modules
    with pytest.raises(AttributeError, match="nope"):
        later("colorsys:nope")()
