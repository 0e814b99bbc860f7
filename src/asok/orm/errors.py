"""What can go wrong with models, under the names that applications use.

`ModelError` tells what is wrong with values, per field, and `NotUnique` is one of
them. A page that lets one of these through answers with the error's own status.
"""

from __future__ import annotations

from asok_engine.errors import (
    DatabaseError,
    DatabaseUnavailable,
    ForeignKeyError,
    IntegrityError,
    PoolExhausted,
    UniqueError,
)
from asok_engine.records.errors import (
    InvalidRecord as ModelError,
)
from asok_engine.records.errors import (
    NotLoaded,
    NotUnique,
    RecordNotFound,
    RefusedValue,
    RestrictedDelete,
    SeveralRecords,
    StaleRecord,
    UnknownName,
)

__all__ = [
    "DatabaseError",
    "DatabaseUnavailable",
    "ForeignKeyError",
    "IntegrityError",
    "ModelError",
    "NotLoaded",
    "NotUnique",
    "PoolExhausted",
    "RecordNotFound",
    "RefusedValue",
    "RestrictedDelete",
    "SeveralRecords",
    "StaleRecord",
    "UniqueError",
    "UnknownName",
]
