"""Asks providers: where they are, for tokens, for their keys, and who somebody is.

What a provider says of itself is kept for an hour, its keys too; a token that names a key
which is not among them has them read again, once a minute at most, so that nobody makes this
application ask without end. One plan for plain and async code. Nothing that was fetched is
believed here: `security.oauth` does that.
Sources: OpenID Connect Discovery 1.0, OpenID Connect Core 1.0 10.1.1.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from asok_engine.backends.web_link import WebLink, WebUnavailable
from asok_engine.records.steps import Call, Plan
from asok_engine.security.jwt import JwtKeys, JwtRefused
from asok_engine.security.oauth import (
    Endpoints,
    Person,
    Provider,
    ProviderFailed,
    ProviderRefused,
    SignIn,
    check_id_token,
    person_of,
    read_answer,
    token_request,
)

__all__ = ["ProviderClient"]

_log = logging.getLogger("asok.security")
KEPT_SECONDS = 3600.0
#: The least time between two looks for a key that a token names.
PAUSE_SECONDS = 60.0


class ProviderClient:
    """Speaks with one provider. `clock` gives seconds since the epoch."""

    def __init__(self, provider: Provider, link: WebLink, *, clock: Callable[[], float] = time.time) -> None:
        self.provider = provider
        self._link = link
        self._clock = clock
        self._endpoints: tuple[float, Endpoints] | None = None
        self._keys: tuple[float, JwtKeys] | None = None

    def address(self, sign_in: SignIn, *, is_async: bool) -> Plan[str]:
        """Give where the browser is sent for a sign-in.

        Raises:
            ProviderFailed: the provider does not say where it is (502).
        """
        endpoints = yield from self._discovered(is_async)
        return sign_in.address(self.provider, endpoints)

    def finish(self, sign_in: SignIn, query: Mapping[str, list[str]], *, is_async: bool) -> Plan[Person]:
        """Give who came back with an answer to a sign-in.

        Raises:
            ProviderRefused: the answer is not for this sign-in, or was no (400).
            ProviderFailed: the provider did not do what it has to (502).
        """
        provider = self.provider
        endpoints = yield from self._discovered(is_async)
        code = read_answer(query, sign_in, provider, endpoints)
        form, headers = token_request(provider, sign_in, code)
        try:
            tokens = yield from self._ask(is_async, endpoints.token, form, headers)
        except WebUnavailable as error:
            raise self._no_tokens(error) from error
        access = tokens.get("access_token") if isinstance(tokens, dict) else None
        if not isinstance(access, str) or not access or str(tokens.get("token_type")).lower() != "bearer":
            # Some answer an error with 200.
            raise self._no_tokens(WebUnavailable("no tokens", answered=200, said=tokens))
        claims: dict[str, Any] = {}
        if provider.is_openid:
            claims = yield from self._claims(is_async, endpoints, tokens, sign_in, access)
        told = emails = None
        if endpoints.userinfo and ("email" not in claims or "name" not in claims):
            bearer = {"Authorization": f"Bearer {access}"}
            try:
                told = yield from self._ask(is_async, endpoints.userinfo, None, bearer)
                if provider.emails_url:
                    emails = yield from self._ask(is_async, provider.emails_url, None, bearer)
            except WebUnavailable as error:
                raise self._failed("who somebody is", error) from error
        try:
            return person_of(provider, claims, told, emails)
        except ProviderFailed as error:
            raise self._failed("who somebody is", error) from error

    def _claims(
        self, is_async: bool, endpoints: Endpoints, tokens: dict[str, Any], sign_in: SignIn, access: str
    ) -> Plan[dict[str, Any]]:
        keys = yield from self._jwks(is_async, endpoints)
        try:
            try:
                return self._checked(tokens, sign_in, keys, access)
            except JwtRefused as refused:
                if refused.reason != "key":
                    raise
                newer = yield from self._jwks(is_async, endpoints, again=True)
                return self._checked(tokens, sign_in, newer, access)
        except JwtRefused as refused:
            raise self._failed(f"an ID token ({refused.reason})", refused) from refused

    def _checked(self, tokens: dict[str, Any], sign_in: SignIn, keys: JwtKeys, access: str) -> dict[str, Any]:
        token = tokens.get("id_token")
        return check_id_token(token, self.provider, sign_in, keys, access_token=access, now=self._clock())

    # --- what is kept -----------------------------------------------------------------------------

    def _discovered(self, is_async: bool) -> Plan[Endpoints]:
        kept, provider = self._endpoints, self.provider
        if kept is not None and 0 <= self._clock() - kept[0] < KEPT_SECONDS:
            return kept[1]
        is_written = provider.authorize_url and provider.token_url
        said = None
        if provider.is_openid and not (is_written and provider.jwks_url):
            url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                said = yield from self._ask(is_async, url)
            except WebUnavailable as error:
                raise self._failed("where it is", error) from error
        try:
            endpoints = Endpoints.of(provider, said)
        except ProviderFailed as error:
            raise self._failed("where it is", error) from error
        self._endpoints = (self._clock(), endpoints)
        return endpoints

    def _jwks(self, is_async: bool, endpoints: Endpoints, *, again: bool = False) -> Plan[JwtKeys]:
        kept = self._keys
        age = KEPT_SECONDS if kept is None else self._clock() - kept[0]
        if kept is not None and 0 <= age < (PAUSE_SECONDS if again else KEPT_SECONDS):
            return kept[1]
        try:
            keys = JwtKeys.of_jwks((yield from self._ask(is_async, endpoints.jwks)))
        except (WebUnavailable, JwtRefused) as error:
            raise self._failed("its keys", error) from error
        self._keys = (self._clock(), keys)
        return keys

    # --- asking and failing -------------------------------------------------------------------------

    def _ask(
        self,
        is_async: bool,
        url: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Plan[Any]:
        ask = self._link.ask_async if is_async else self._link.ask
        return (yield Call(ask, (url, form, headers)))

    def _no_tokens(self, error: WebUnavailable) -> ProviderRefused | ProviderFailed:
        """Tell a code that is not good from a provider that is not well."""
        said = error.said.get("error") if isinstance(error.said, dict) else None
        if said in ("invalid_grant", "bad_verification_code"):
            _log.warning("The provider %s did not take a code.", self.provider.name)
            return ProviderRefused("This sign-in was used already, or is over. Begin it again.")
        return self._failed(f"tokens ({said})" if isinstance(said, str) else "tokens", error)

    def _failed(self, what: str, error: Exception) -> ProviderFailed:
        """Give what the log tells; a visitor is told nothing of it."""
        return ProviderFailed(f"The provider {self.provider.name} was asked for {what[:200]}: {error}")
