"""`aksara.contrib.auth`: who calls an API, said by a token that comes along with each request.

`jwt` makes and reads JSON Web Tokens; the classes here look at a request and say who it
is from. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aksara.contrib.auth.authentication import BaseAuthentication as BaseAuthentication
    from aksara.contrib.auth.authentication import JWTAuthentication as JWTAuthentication
    from aksara.contrib.auth.authentication import MultiAuthentication as MultiAuthentication
    from aksara.contrib.auth.authentication import TokenAuthentication as TokenAuthentication
    from aksara.contrib.auth.jwt import create_access_token as create_access_token
    from aksara.contrib.auth.jwt import create_refresh_token as create_refresh_token
    from aksara.contrib.auth.jwt import decode as decode
    from aksara.contrib.auth.jwt import verify_refresh_token as verify_refresh_token
    from aksara.contrib.auth.tokens import AbstractToken as AbstractToken

_HOMES = {
    "AbstractToken": "aksara.contrib.auth.tokens",
    "BaseAuthentication": "aksara.contrib.auth.authentication",
    "JWTAuthentication": "aksara.contrib.auth.authentication",
    "MultiAuthentication": "aksara.contrib.auth.authentication",
    "TokenAuthentication": "aksara.contrib.auth.authentication",
    "create_access_token": "aksara.contrib.auth.jwt",
    "create_refresh_token": "aksara.contrib.auth.jwt",
    "decode": "aksara.contrib.auth.jwt",
    "verify_refresh_token": "aksara.contrib.auth.jwt",
}

# Written out, because type checkers read it: what is in it is public.
__all__ = [
    "AbstractToken",
    "BaseAuthentication",
    "JWTAuthentication",
    "MultiAuthentication",
    "TokenAuthentication",
    "create_access_token",
    "create_refresh_token",
    "decode",
    "verify_refresh_token",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'aksara.contrib.auth' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
