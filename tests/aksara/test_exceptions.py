"""Where aksara's errors stand in the engine's tree."""

from __future__ import annotations

from aksara.exceptions import AksaraError, ImproperlyConfigured
from asok_engine.errors import FrameworkError, SetupError
from asok_engine.settings.problem import Problem


def test_a_wrong_configuration_is_a_setup_error_of_both_trees() -> None:
    """Whoever catches aksara's errors, the engine's, or RuntimeError catches it."""
    error = ImproperlyConfigured([Problem("A", "A is wrong.", "Correct A.")])
    for kind in (AksaraError, SetupError, FrameworkError, RuntimeError):
        assert isinstance(error, kind)
    assert str(error) == "A is wrong. Correct A."
    assert error.code == "improperly-configured"
