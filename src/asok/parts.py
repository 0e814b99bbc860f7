"""The parts that not every application has: their code is loaded when a composition asks for them.

`parts.DataLayer` imports models, databases and all that they stand on. An application
that never asks starts sooner and stays smaller. What every application has is
imported at the top of the file that uses it, as everywhere.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asok.auth.people import People as People
    from asok.debugmigrate import MigrateButton as MigrateButton
    from asok.debugpage import DebugPage as DebugPage
    from asok.orm.layer import DataLayer as DataLayer
    from asok_engine.templates.environment import Environment as Environment

_HOMES = {
    "DataLayer": "asok.orm.layer",
    "DebugPage": "asok.debugpage",
    "Environment": "asok_engine.templates.environment",
    "MigrateButton": "asok.debugmigrate",
    "People": "asok.auth.people",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'asok.parts' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value
