"""The errors of aksara; each stands in the engine's tree, so both faces answer them alike.

What can go wrong with models has the names that applications use. Nothing is raised
here.
"""

from __future__ import annotations

from asok_engine.errors import CheckError as CheckConstraintError
from asok_engine.errors import DatabaseError, FrameworkError, QueryError
from asok_engine.errors import DatabaseUnavailable as ConnectionError
from asok_engine.errors import ForeignKeyError as ForeignKeyConstraintError
from asok_engine.errors import NotNullError as NotNullConstraintError
from asok_engine.errors import UniqueError as UniqueConstraintError
from asok_engine.records.errors import InvalidRecord as ValidationError
from asok_engine.records.errors import NotLoaded, StaleRecord, UnknownName
from asok_engine.records.errors import RecordNotFound as DoesNotExist
from asok_engine.records.errors import RestrictedDelete as RestrictedError
from asok_engine.records.errors import SeveralRecords as MultipleObjectsReturned
from asok_engine.settings.problem import SettingsError

__all__ = [
    "AksaraError",
    "CheckConstraintError",
    "ConfigurationError",
    "ConnectionError",
    "DatabaseError",
    "DoesNotExist",
    "ForeignKeyConstraintError",
    "ImproperlyConfigured",
    "MultipleObjectsReturned",
    "NotLoaded",
    "NotNullConstraintError",
    "QueryError",
    "RestrictedError",
    "StaleRecord",
    "UniqueConstraintError",
    "UnknownName",
    "ValidationError",
]


class AksaraError(FrameworkError):
    """Base of the errors that aksara raises on purpose."""

    code = "aksara"


class ImproperlyConfigured(AksaraError, SettingsError):
    """The settings do not allow a start."""

    code = "improperly-configured"


ConfigurationError = ImproperlyConfigured
