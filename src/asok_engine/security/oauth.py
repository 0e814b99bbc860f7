"""Signing in with a provider: what is sent to it, and what of its answers is believed.

A provider speaks OpenID Connect, or OAuth 2 with an address that says who somebody is. Every
sign-in is bound to the browser (`state`), to the code (PKCE), to the token (`nonce`) and to
the provider (`iss`). Who somebody is, is issuer and subject and nothing else; an e-mail
address counts where the provider says that it has proven it. Pure.
Sources: OpenID Connect Core 1.0 3.1, RFC 6749, RFC 7636, RFC 9207, RFC 9700.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from asok_engine.errors import InputError, OutsideError, SetupError
from asok_engine.security.jwt import PUBLIC_ALGORITHMS, JwtKeys, JwtRefused, check_jwt
from asok_engine.security.keys import equal, random_token

__all__ = [
    "Endpoints",
    "Person",
    "Provider",
    "ProviderFailed",
    "ProviderRefused",
    "SignIn",
    "github",
    "google",
]

#: Of an error that a provider names, what a visitor is told (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6).
_TOLD = {
    "access_denied": "You did not allow it, so nobody was signed in.",
    "login_required": "The provider wants you to sign in there first.",
    "temporarily_unavailable": "The provider cannot do this at the moment. Try again later.",
}
CLIENT_AUTH = ("basic", "post", "none")


class ProviderRefused(InputError):
    """This answer of a provider is for another browser or from another provider, or says no."""

    code = "provider-refused"


class ProviderFailed(OutsideError):
    """The provider did not do what it has to, so nobody was signed in."""

    code = "provider-failed"
    status = 502


class Provider(Struct, frozen=True, kw_only=True):
    """A provider that people sign in with.

    With `issuer` alone it speaks OpenID Connect, and says the rest itself. Without discovery
    give the addresses. `client_id` and `client_secret` that are left empty come from
    `NAME_CLIENT_ID` and `NAME_CLIENT_SECRET` of the environment or `.env`.
    """

    #: How pages and settings call it: `google`.
    name: str
    #: Who signs for it; with OAuth 2 alone the name under which its people are kept.
    issuer: str
    client_id: str = ""
    client_secret: str = ""
    authorize_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    jwks_url: str = ""
    #: Where OAuth 2 tells proven addresses, as a list of `email`, `primary`, `verified`.
    emails_url: str = ""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    #: Whether it gives ID tokens.
    is_openid: bool = True
    #: Under which name OAuth 2 tells who somebody is; a key that never belongs to anybody else.
    subject_field: str = "sub"
    #: How the application shows who it is: `basic`, `post`, or `none` for one without a secret.
    client_auth: str = "basic"
    algorithms: tuple[str, ...] = PUBLIC_ALGORITHMS
    #: More of the request to sign in, such as `{"prompt": "select_account"}`.
    more: Mapping[str, str] = {}
    #: Whether its addresses may be in a network of one's own.
    allows_private: bool = False

    def __repr__(self) -> str:
        return f"<Provider {self.name} at {self.issuer}>"

    def completed(self, environment: Mapping[str, str]) -> Provider:
        """Give it with id and secret, from the environment where it was made without."""
        start = self.name.upper()
        return replace(
            self,
            client_id=self.client_id or environment.get(f"{start}_CLIENT_ID", ""),
            client_secret=self.client_secret or environment.get(f"{start}_CLIENT_SECRET", ""),
        )

    def check(self) -> None:
        """Find what keeps it from working; raises SetupError."""
        wrong = ""
        if not self.name.isidentifier():
            wrong = f"has the name {self.name!r}, which is no word"
        elif not self.client_id or (not self.client_secret and self.client_auth != "none"):
            wrong = f"lacks {self.name.upper()}_CLIENT_ID or {self.name.upper()}_CLIENT_SECRET"
        elif self.client_auth not in CLIENT_AUTH:
            wrong = f"has client_auth {self.client_auth!r}; it can be {', '.join(CLIENT_AUTH)}"
        elif not set(self.algorithms) <= set(PUBLIC_ALGORITHMS) or not self.algorithms:
            wrong = f"has algorithms that are not among {', '.join(PUBLIC_ALGORITHMS)}"
        elif not self.is_openid and not (self.authorize_url and self.token_url and self.userinfo_url):
            wrong = "lacks authorize_url, token_url or userinfo_url, and does not say them itself"
        elif not self.issuer:
            wrong = "has no issuer"
        if wrong:
            raise SetupError(
                f"The provider {self.name or '?'} {wrong}.",
                fix="Set its id and secret in .env, and see the page on signing in with providers.",
            )


def google(client_id: str = "", client_secret: str = "", **more: Any) -> Provider:
    """Give Google as a provider; id and secret come from GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET."""
    known: dict[str, Any] = {"name": "google", "issuer": "https://accounts.google.com"}
    return Provider(**known | more, client_id=client_id, client_secret=client_secret)


def github(client_id: str = "", client_secret: str = "", **more: Any) -> Provider:
    """Give GitHub as a provider; id and secret come from GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET."""
    known: dict[str, Any] = {
        "name": "github",
        "issuer": "https://github.com/login/oauth",
        "authorize_url": "https://github.com/login/oauth/authorize",
        "token_url": "https://github.com/login/oauth/access_token",
        "userinfo_url": "https://api.github.com/user",
        "emails_url": "https://api.github.com/user/emails",
        "scopes": ("read:user", "user:email"),
        "is_openid": False,
        "subject_field": "id",
        "client_auth": "post",
    }
    return Provider(**known | more, client_id=client_id, client_secret=client_secret)


class Endpoints(Struct, frozen=True):
    """The addresses of a provider, and what it says that it can do."""

    authorize: str
    token: str
    userinfo: str
    jwks: str
    #: Whether every answer of it names it (RFC 9207).
    names_itself: bool

    @classmethod
    def of(cls, provider: Provider, said: Any = None) -> Endpoints:
        """Give what was written down, and for the rest what the provider says of itself.

        Raises:
            ProviderFailed: what it says is for another issuer, or lacks an address.
        """
        told = said if isinstance(said, Mapping) else {}
        if said is not None and told.get("issuer") != provider.issuer:
            raise ProviderFailed(f"{provider.name} says that it is another issuer than {provider.issuer}.")
        made = cls(
            provider.authorize_url or _text(told, "authorization_endpoint"),
            provider.token_url or _text(told, "token_endpoint"),
            provider.userinfo_url or _text(told, "userinfo_endpoint"),
            provider.jwks_url or _text(told, "jwks_uri"),
            told.get("authorization_response_iss_parameter_supported") is True,
        )
        if not (made.authorize and made.token) or (provider.is_openid and not made.jwks):
            raise ProviderFailed(f"{provider.name} does not say where to sign in.")
        return made


class SignIn(Struct, frozen=True):
    """A sign-in that a browser was sent away for; kept in its session, and good once."""

    provider: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    #: Where to go afterwards.
    next: str
    #: Whose session it was, "" for a visitor's.
    user_key: str
    #: Seconds since the epoch.
    began_at: int

    def __repr__(self) -> str:
        return f"<SignIn with {self.provider}>"

    @classmethod
    def begin(
        cls, provider: str, redirect_uri: str, next: str, user_key: str, now: float, state: str = ""
    ) -> SignIn:
        """Give one that nobody can guess."""
        made = (state or random_token(32), random_token(32), random_token(48))
        return cls(provider, *made, redirect_uri, next, user_key, int(now))

    def address(self, provider: Provider, endpoints: Endpoints) -> str:
        """Give where the browser is sent.

        Raises:
            ProviderFailed: the provider wants it sent to something that is no web address.
        """
        parts = urlsplit(endpoints.authorize)
        if parts.scheme not in ("https", "http") or not parts.netloc or parts.fragment:
            raise ProviderFailed(f"{provider.name} sends people to an address that is none.")
        challenge = urlsafe_b64encode(hashlib.sha256(self.verifier.encode("ascii")).digest()).rstrip(b"=")
        query = {
            **provider.more,
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": self.state,
            "code_challenge": challenge.decode("ascii"),
            "code_challenge_method": "S256",
        }
        if provider.is_openid:
            query["nonce"] = self.nonce
        mark = "&" if parts.query else "?"
        return f"{endpoints.authorize}{mark}{urlencode(query)}"


class Person(Struct, frozen=True, kw_only=True):
    """Who a provider says that somebody is: `issuer` and `subject`; the rest is what they are like."""

    provider: str
    issuer: str
    subject: str
    #: An address that the provider has proven, None where it has not.
    email: str | None = None
    #: An address that somebody may have typed; show it, and find nobody by it.
    unproven_email: str | None = None
    name: str = ""
    #: Everything that was said.
    claims: Mapping[str, Any] = {}


def read_answer(
    query: Mapping[str, Sequence[str]], sign_in: SignIn, provider: Provider, endpoints: Endpoints
) -> str:
    """Give the code of the answer that a browser came back with.

    Raises:
        ProviderRefused: it is for another browser or from another provider, or the provider said no.
    """
    given = {name: _single(query, name) for name in ("state", "code", "iss", "error")}
    if not equal(given["state"], sign_in.state):
        raise ProviderRefused("This sign-in was not begun here, or is over. Begin it again.")
    # Before anything else of it is believed: another provider may have sent the browser here (RFC 9207 2.4).
    if (given["iss"] or endpoints.names_itself) and given["iss"] != provider.issuer:
        raise ProviderRefused("This answer comes from another provider. Begin it again.")
    if given["error"]:
        raise ProviderRefused(_TOLD.get(given["error"], "The provider did not sign you in."))
    if not given["code"]:
        raise ProviderRefused("The provider sent no answer. Begin it again.")
    return given["code"]


def token_request(provider: Provider, sign_in: SignIn, code: str) -> tuple[dict[str, str], dict[str, str]]:
    """Give form and headers that turn a code into tokens."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": sign_in.redirect_uri,
        "code_verifier": sign_in.verifier,
    }
    if provider.client_auth == "basic":
        # Why quoted: a secret may have a colon (RFC 6749 2.3.1).
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        return form, {"Authorization": f"Basic {b64encode(pair.encode()).decode('ascii')}"}
    form["client_id"] = provider.client_id
    if provider.client_auth == "post":
        form["client_secret"] = provider.client_secret
    return form, {}


def check_id_token(
    token: Any, provider: Provider, sign_in: SignIn, keys: JwtKeys, *, access_token: str, now: float
) -> dict[str, Any]:
    """Give the claims of an ID token that is for this sign-in (OpenID Connect Core 3.1.3.7).

    Raises:
        JwtRefused: with the reason.
    """
    claims = check_jwt(
        token if isinstance(token, str) else "",
        keys,
        provider.algorithms,
        now=now,
        types=("JWT", ""),
        issuer=provider.issuer,
        audience=provider.client_id,
        required=("iss", "sub", "aud", "exp", "iat", "nonce"),
    )
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else provider.client_id) != provider.client_id:
        raise JwtRefused("The token was given to somebody else.", reason="audience")
    if not isinstance(claims["nonce"], str) or not equal(claims["nonce"], sign_in.nonce):
        raise JwtRefused("The token is for another sign-in.", reason="nonce")
    if not _is_subject(claims["sub"]):
        raise JwtRefused("The token does not say who it is about.", reason="claims")
    if "at_hash" in claims and claims["at_hash"] not in _halves(access_token):
        raise JwtRefused("The token came with another access token.", reason="claims")
    return claims


def person_of(provider: Provider, claims: Mapping[str, Any], told: Any, emails: Any = None) -> Person:
    """Give who somebody is, of an ID token's claims, what the provider's address says, and their addresses.

    Raises:
        ProviderFailed: it does not say who, or speaks of two.
    """
    said = told if isinstance(told, Mapping) else {}
    subject: Any = claims["sub"] if provider.is_openid else said.get(provider.subject_field)
    if not provider.is_openid and isinstance(subject, int) and not isinstance(subject, bool):
        subject = str(subject)
    if not _is_subject(subject) or (provider.is_openid and said and said.get("sub") != subject):
        raise ProviderFailed(f"{provider.name} does not say who this is.")
    # What was signed beats what was only sent.
    everything = {**said, **claims}
    email, is_proven = everything.get("email"), everything.get("email_verified") in (True, "true")
    if emails is not None:
        email, is_proven = _primary(emails), True
    known = email if isinstance(email, str) and 0 < len(email) <= 254 else None
    name = everything.get("name") or everything.get("preferred_username") or everything.get("login") or ""
    return Person(
        provider=provider.name,
        issuer=provider.issuer,
        subject=subject,
        email=known if is_proven else None,
        unproven_email=None if is_proven else known,
        name=name[:200] if isinstance(name, str) else "",
        claims=everything,
    )


def _primary(emails: Any) -> Any:
    """Give the address that a provider calls the first, of those that it has proven."""
    listed = [each for each in emails if isinstance(each, Mapping)] if isinstance(emails, list) else []
    proven = [each for each in listed if each.get("verified") is True]
    return next((each.get("email") for each in proven if each.get("primary") is True), None)


def _is_subject(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255


def _halves(access_token: str) -> list[str]:
    """Give what `at_hash` may be: the left half of a hash of the size that the algorithm uses."""
    octets = access_token.encode("utf-8", "replace")
    digests = [hashlib.new(name, octets).digest() for name in ("sha256", "sha384", "sha512")]
    return [urlsafe_b64encode(each[: len(each) // 2]).rstrip(b"=").decode("ascii") for each in digests]


def _single(query: Mapping[str, Sequence[str]], name: str) -> str:
    """Give a parameter of an answer; one that comes twice is none (RFC 6749 3.1)."""
    values = query.get(name, ())
    if len(values) > 1:
        raise ProviderRefused("The answer says something twice. Begin it again.")
    return values[0] if values else ""


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
