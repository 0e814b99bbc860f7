"""Where aksara's errors stand in the engine's tree."""

from __future__ import annotations

from aksara import exceptions
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


def test_errors_of_models_are_those_of_the_engine() -> None:
    """A client error keeps its status: missing 404, doubled and restricted 409, wrong 422."""
    assert exceptions.DoesNotExist.status == 404
    assert exceptions.MultipleObjectsReturned.status == 409
    assert exceptions.UniqueConstraintError.status == 409
    assert exceptions.RestrictedError.status == 409
    assert exceptions.ValidationError.status == 422
    assert exceptions.ConfigurationError is ImproperlyConfigured
    assert issubclass(exceptions.ConnectionError, exceptions.DatabaseError)
    assert exceptions.UniqueConstraintError(columns=("email",)).field_name == "email"
    assert exceptions.UniqueConstraintError().field_name is None
