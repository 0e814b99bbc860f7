"""Signing in: `Account`, the abstract model that a project's User inherits.

What a page does with people it asks of the request: `request.user`, `request.login(user)`,
`request.require_role("agent")`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asok.auth.account import Account as Account

_HOMES = {"Account": "asok.auth.account"}

# Written out, because type checkers read it: what is in it is public.
__all__ = ["Account"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'asok.auth' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
