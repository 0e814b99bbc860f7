"""The models of the process are found by name."""

from __future__ import annotations

import pytest

from asok.orm.registry import MODELS_REGISTRY
from tests.asok.orm.blog import Person


def test_models_are_found_by_short_and_full_name() -> None:
    """A name that is none is a KeyError, as in any mapping."""
    assert MODELS_REGISTRY["tests.asok.orm.blog.Person"] is Person
    assert "tests.asok.orm.blog.Person" in MODELS_REGISTRY
    assert "Note" in set(MODELS_REGISTRY)
    assert len(MODELS_REGISTRY) == len(set(MODELS_REGISTRY))
    assert MODELS_REGISTRY.get("NobodyAtAll") is None
    assert "Person" in repr(MODELS_REGISTRY)
    with pytest.raises(KeyError, match="NobodyAtAll"):
        _ = MODELS_REGISTRY["NobodyAtAll"]
