"""Models: what an application's tables are, and everything that is done with their records.

Names are imported when they are first used. `Field` and `Relation` are the modules
whose classes they name: `Field.String(...)`, `Relation.HasMany(...)`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asok.orm import errors as errors
    from asok.orm import fields as Field
    from asok.orm import relations as Relation
    from asok.orm.model import Model as Model
    from asok.orm.modellist import ModelList as ModelList
    from asok.orm.pagination import Page as Page
    from asok.orm.query import Query as Query
    from asok.orm.registry import MODELS_REGISTRY as MODELS_REGISTRY
    from asok.orm.routers import BaseDatabaseRouter as BaseDatabaseRouter
    from asok.orm.routers import register_router as register_router

_HOMES = {
    "BaseDatabaseRouter": "asok.orm.routers",
    "MODELS_REGISTRY": "asok.orm.registry",
    "Model": "asok.orm.model",
    "ModelList": "asok.orm.modellist",
    "Page": "asok.orm.pagination",
    "Query": "asok.orm.query",
    "register_router": "asok.orm.routers",
}
#: Names that stand for whole modules.
_MODULES = {"Field": "asok.orm.fields", "Relation": "asok.orm.relations"}

# Written out, because type checkers read it: what is in it is public.
__all__ = [
    "MODELS_REGISTRY",
    "BaseDatabaseRouter",
    "Field",
    "Model",
    "ModelList",
    "Page",
    "Query",
    "Relation",
    "register_router",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = importlib.import_module(_MODULES[name])
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'asok.orm' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
