"""Aksara: applications of APIs. Models are exposed, with rules for who may do what.

Names are imported when they are first used, so importing the face stays quick. `fields`
is the module whose classes models are made of: `fields.String(...)`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aksara import fields as fields
    from aksara.conf import Settings as Settings
    from aksara.conf import configure as configure
    from aksara.conf import reset_settings as reset_settings
    from aksara.conf import settings as settings
    from aksara.exceptions import AksaraError as AksaraError
    from aksara.exceptions import DoesNotExist as DoesNotExist
    from aksara.exceptions import ImproperlyConfigured as ImproperlyConfigured
    from aksara.exceptions import MultipleObjectsReturned as MultipleObjectsReturned
    from aksara.exceptions import ValidationError as ValidationError
    from aksara.expressions import Avg as Avg
    from aksara.expressions import CosineDistance as CosineDistance
    from aksara.expressions import Count as Count
    from aksara.expressions import EuclideanDistance as EuclideanDistance
    from aksara.expressions import F as F
    from aksara.expressions import Max as Max
    from aksara.expressions import Min as Min
    from aksara.expressions import Q as Q
    from aksara.expressions import Sum as Sum
    from aksara.i18n import activate_timezone as activate_timezone
    from aksara.i18n import localtime as localtime
    from aksara.i18n import reset_timezone as reset_timezone
    from aksara.models import CheckConstraint as CheckConstraint
    from aksara.models import Index as Index
    from aksara.models import Model as Model
    from aksara.models import SoftDeleteModel as SoftDeleteModel
    from aksara.models import UniqueConstraint as UniqueConstraint
    from aksara.queries import Manager as Manager
    from aksara.queries import Prefetch as Prefetch
    from aksara.queries import QuerySet as QuerySet
    from aksara.relations import RelatedManager as RelatedManager
    from aksara.signals import post_delete as post_delete
    from aksara.signals import post_save as post_save
    from aksara.signals import pre_delete as pre_delete
    from aksara.signals import pre_save as pre_save
    from aksara.transactions import atomic as atomic
    from aksara.transactions import on_commit as on_commit
    from aksara.transactions import transaction as transaction

_HOMES = {
    "AksaraError": "aksara.exceptions",
    "Avg": "aksara.expressions",
    "CheckConstraint": "aksara.models",
    "CosineDistance": "aksara.expressions",
    "Count": "aksara.expressions",
    "DoesNotExist": "aksara.exceptions",
    "EuclideanDistance": "aksara.expressions",
    "F": "aksara.expressions",
    "ImproperlyConfigured": "aksara.exceptions",
    "Index": "aksara.models",
    "Manager": "aksara.queries",
    "Max": "aksara.expressions",
    "Min": "aksara.expressions",
    "Model": "aksara.models",
    "MultipleObjectsReturned": "aksara.exceptions",
    "Prefetch": "aksara.queries",
    "Q": "aksara.expressions",
    "QuerySet": "aksara.queries",
    "RelatedManager": "aksara.relations",
    "Settings": "aksara.conf",
    "SoftDeleteModel": "aksara.models",
    "Sum": "aksara.expressions",
    "UniqueConstraint": "aksara.models",
    "ValidationError": "aksara.exceptions",
    "activate_timezone": "aksara.i18n",
    "atomic": "aksara.transactions",
    "configure": "aksara.conf",
    "localtime": "aksara.i18n",
    "on_commit": "aksara.transactions",
    "post_delete": "aksara.signals",
    "post_save": "aksara.signals",
    "pre_delete": "aksara.signals",
    "pre_save": "aksara.signals",
    "reset_settings": "aksara.conf",
    "reset_timezone": "aksara.i18n",
    "settings": "aksara.conf",
    "transaction": "aksara.transactions",
}

# Written out, because type checkers read it: what is in it is public.
__all__ = [
    "AksaraError",
    "Avg",
    "CheckConstraint",
    "CosineDistance",
    "Count",
    "DoesNotExist",
    "EuclideanDistance",
    "F",
    "ImproperlyConfigured",
    "Index",
    "Manager",
    "Max",
    "Min",
    "Model",
    "MultipleObjectsReturned",
    "Prefetch",
    "Q",
    "QuerySet",
    "RelatedManager",
    "Settings",
    "SoftDeleteModel",
    "Sum",
    "UniqueConstraint",
    "ValidationError",
    "activate_timezone",
    "atomic",
    "configure",
    "fields",
    "localtime",
    "on_commit",
    "post_delete",
    "post_save",
    "pre_delete",
    "pre_save",
    "reset_settings",
    "reset_timezone",
    "settings",
    "transaction",
]


def __getattr__(name: str) -> Any:
    if name == "fields":
        value: Any = importlib.import_module("aksara.fields")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'aksara' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
