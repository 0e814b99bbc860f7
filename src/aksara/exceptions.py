"""The errors of aksara; each stands in the engine's tree, so both faces answer them alike.

Nothing is raised here.
"""

from __future__ import annotations

from asok_engine.errors import FrameworkError
from asok_engine.settings.problem import SettingsError

__all__ = ["AksaraError", "ImproperlyConfigured"]


class AksaraError(FrameworkError):
    """Base of the errors that aksara raises on purpose."""

    code = "aksara"


class ImproperlyConfigured(AksaraError, SettingsError):
    """The settings do not allow a start."""

    code = "improperly-configured"
