"""Signing in, and what somebody may do: `Account` for a project's User, `Policy` for its models.

What a page does with people it asks of the request: `request.user`, `request.login(user)`,
`request.require_role("agent")`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asok.auth.account import Account as Account
    from asok.auth.bearertoken import BearerToken as BearerToken
    from asok.auth.identity import Identity as Identity
    from asok.auth.passkey import Passkey as Passkey
    from asok.auth.post import Letter as Letter
    from asok_engine.records.policy import Allow as Allow
    from asok_engine.records.policy import Forbid as Forbid
    from asok_engine.records.policy import Policy as Policy
    from asok_engine.records.policy import Principal as Principal
    from asok_engine.security.oauth import Provider as Provider
    from asok_engine.security.oauth import github as github
    from asok_engine.security.oauth import google as google

_HOMES = {
    "Account": "asok.auth.account",
    "Allow": "asok_engine.records.policy",
    "BearerToken": "asok.auth.bearertoken",
    "Forbid": "asok_engine.records.policy",
    "Identity": "asok.auth.identity",
    "Letter": "asok.auth.post",
    "Passkey": "asok.auth.passkey",
    "Policy": "asok_engine.records.policy",
    "Principal": "asok_engine.records.policy",
    "Provider": "asok_engine.security.oauth",
    "github": "asok_engine.security.oauth",
    "google": "asok_engine.security.oauth",
}

# Written out, because type checkers read it: what is in it is public.
__all__ = [
    "Account",
    "Allow",
    "BearerToken",
    "Forbid",
    "Identity",
    "Letter",
    "Passkey",
    "Policy",
    "Principal",
    "Provider",
    "github",
    "google",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'asok.auth' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
