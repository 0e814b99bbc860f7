"""Who a request is from: `authenticate(request)` gives user and token, None when nobody says who they are.

Credentials that are there and wrong are an error (401), never a visitor: a client that
believes to be somebody has to learn that it is not. What the classes ask of a request is its
headers. Which of them an API uses, DEFAULT_AUTHENTICATION_CLASSES will say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aksara.contrib.auth.jwt import decode
from aksara.contrib.auth.tokens import AbstractToken
from aksara.models import Model
from asok_engine.errors import UnauthorizedError
from asok_engine.security.jwt import JwtRefused

__all__ = [
    "Authenticated",
    "BaseAuthentication",
    "JWTAuthentication",
    "MultiAuthentication",
    "TokenAuthentication",
]

#: The user, and what has said so: claims, a token.
Authenticated = tuple[Any, Any]
_REFUSED = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class _Request(Protocol):
    @property
    def headers(self) -> Mapping[str, str]: ...


class BaseAuthentication(ABC):
    """The contract of one way to say who a request is from."""

    @abstractmethod
    async def authenticate(self, request: _Request) -> Authenticated | None:
        """Give user and credentials, None when the request brings none of this kind.

        Raises:
            UnauthorizedError: it brings some that are not right (401).
        """


class JWTAuthentication(BaseAuthentication):
    """The token of `create_access_token`, in `Authorization: Bearer`; `model` is whose users they are."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    async def authenticate(self, request: _Request) -> Authenticated | None:
        """Give the user and the claims of the token; raises JwtRefused (401)."""
        text = _bearer(request)
        if text is None:
            return None
        claims = decode(text)
        table = self._model.__description__.table_name
        if claims.get("model", table) != table:
            # Why: another model has the same keys, for other people.
            raise JwtRefused("The token is for somebody of another model.", reason="claims")
        return await _active(self._model, claims["sub"]), claims


class TokenAuthentication(BaseAuthentication):
    """The text of an `AbstractToken`, in `Authorization: Bearer` or `Token`; `model` is the project's own."""

    def __init__(self, model: type[AbstractToken]) -> None:
        self._model = model

    async def authenticate(self, request: _Request) -> Authenticated | None:
        """Give the user and the token; raises UnauthorizedError (401)."""
        text = _bearer(request, "bearer", "token")
        if text is None:
            return None
        token = await self._model.find(text)
        if token is None:
            raise UnauthorizedError("This token is not valid, or not any more.", headers=_REFUSED)
        owner: Any = self._model.__description__.fields["user_id"]
        return await _active(owner.target, getattr(token, owner.name)), token


class MultiAuthentication(BaseAuthentication):
    """Several ways, asked in this order; the first that takes the credentials decides."""

    def __init__(self, backends: Sequence[BaseAuthentication]) -> None:
        self._backends = tuple(backends)

    async def authenticate(self, request: _Request) -> Authenticated | None:
        """Give what the first of them gives; raises the first refusal when none takes the credentials."""
        refusal: UnauthorizedError | None = None
        for backend in self._backends:
            try:
                found = await backend.authenticate(request)
            except UnauthorizedError as error:
                # Why not at once: the next one may know tokens of this look.
                refusal = refusal or error
            else:
                if found is not None:
                    return found
        if refusal is not None:
            raise refusal
        return None


def _bearer(request: _Request, *schemes: str) -> str | None:
    scheme, _, text = (request.headers.get("authorization") or "").partition(" ")
    return text.strip() if scheme.lower() in (schemes or ("bearer",)) else None


async def _active(model: Any, key: Any) -> Any:
    """Give the user of a key; raises UnauthorizedError (401) when they are gone or switched off."""
    user = await model.objects.get_or_none(pk=key)
    if user is None or not getattr(user, "is_active", True):
        raise UnauthorizedError("This account is not active.", headers=_REFUSED)
    return user
