"""Providers as they are met: right, wrong in one way at a time, slow, huge, moved, with other keys.

Every test speaks with a provider that runs as a process of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from asok_engine.backends import web_link
from asok_engine.backends.providers import ProviderClient
from asok_engine.backends.web_link import WebLink
from asok_engine.database.running import run, run_async
from asok_engine.security.oauth import Person, Provider, ProviderFailed, ProviderRefused, SignIn
from tests import servers
from tests.oidc_provider import CLIENT, SECRET, SUBJECT, ProviderProcess, run_provider

BACK = "https://desk.example/auth/test/callback"
WAYS = pytest.mark.parametrize("how", ["plain", "async"])


@pytest.fixture(scope="module")
def process() -> Iterator[ProviderProcess]:
    """A provider."""
    with run_provider(servers.free_port()) as running:
        yield running


@pytest.fixture
def provider(process: ProviderProcess) -> Iterator[ProviderProcess]:
    """The provider, well-behaved until a test says otherwise."""
    process.be("right")
    yield process
    process.be("right")


def client_of(
    provider: ProviderProcess, clock: Callable[[], float] = time.time, **more: Any
) -> ProviderClient:
    made = Provider(
        **{"name": "test", "issuer": provider.url, "client_id": CLIENT, "client_secret": SECRET} | more
    )
    return ProviderClient(made, WebLink(allows_loopback=True, whole_seconds=1), clock=clock)


def begin(client: ProviderClient, how: str = "plain") -> tuple[SignIn, str]:
    sign_in = SignIn.begin("test", BACK, "/", "", time.time())
    if how == "plain":
        return sign_in, run(client.address(sign_in, is_async=False))
    return sign_in, asyncio.run(run_async(client.address(sign_in, is_async=True)))


def finish(client: ProviderClient, sign_in: SignIn, back: str, how: str = "plain") -> Person:
    query = parse_qs(urlsplit(back).query)
    if how == "plain":
        return run(client.finish(sign_in, query, is_async=False))
    return asyncio.run(run_async(client.finish(sign_in, query, is_async=True)))


def sign_in_at(provider: ProviderProcess, client: ProviderClient, how: str = "plain") -> Person:
    sign_in, address = begin(client, how)
    return finish(client, sign_in, provider.visit(address), how)


@WAYS
@pytest.mark.parametrize("client_auth", ["basic", "post"])
def test_round_trip_tells_who_it_is(provider: ProviderProcess, how: str, client_auth: str) -> None:
    """Issuer and subject, an address that is proven, and a name; the provider checks PKCE and the secret."""
    person = sign_in_at(provider, client_of(provider, client_auth=client_auth), how)
    assert (person.issuer, person.subject) == (provider.url, SUBJECT)
    assert (person.email, person.unproven_email, person.name) == ("ada@example.com", None, "Ada")


WRONG = {
    "nonce": ["wrong nonce"],
    "claims": ["no nonce", "no exp", "odd exp", "no sub", "odd sub", "wrong at_hash"],
    "audience": ["wrong aud", "two auds", "wrong azp", "odd aud"],
    "expired": ["expired"],
    "early": ["early"],
    "issuer": ["wrong iss"],
    "algorithm": ["None", "hs", "hs jwk"],
    "key": ["unknown key", "path key", "own key", "no keys"],
    "malformed": ["none", "long key", "crit", "b64", "padded", "long token", "no id token"],
    "type": ["access token"],
    "signature": ["stranger's key", "cut"],
}


@WAYS
@pytest.mark.parametrize(
    ("reason", "mode"), [(reason, mode) for reason, modes in WRONG.items() for mode in modes]
)
def test_tokens_that_are_not_for_this_sign_in_sign_nobody_in(
    provider: ProviderProcess, how: str, reason: str, mode: str
) -> None:
    """Whatever is wrong with the provider's tokens is its fault: 502, and nobody (reliability 92)."""
    provider.be(mode)
    with pytest.raises(ProviderFailed, match=rf"an ID token \({reason}\)") as failed:
        sign_in_at(provider, client_of(provider), how)
    assert failed.value.status == 502


@WAYS
@pytest.mark.parametrize("mode", ["odd type", "stranger about"])
def test_answers_that_are_half_of_one_sign_nobody_in(provider: ProviderProcess, how: str, mode: str) -> None:
    """A token that is none for the web, and an address that speaks of somebody else."""
    provider.be(mode)
    with pytest.raises(ProviderFailed):
        sign_in_at(provider, client_of(provider), how)


@pytest.mark.parametrize("mode", ["right azp", "no kid"])
def test_what_the_standard_allows_is_taken(provider: ProviderProcess, mode: str) -> None:
    """Several audiences where this one is the authorised party; a key without a name."""
    provider.be(mode)
    assert sign_in_at(provider, client_of(provider)).subject == SUBJECT


@WAYS
@pytest.mark.parametrize(
    "mode", ["other state", "denied", "odd error", "mix-up", "no iss", "no code", "twice"]
)
def test_answers_that_are_not_for_this_sign_in_are_refused(
    provider: ProviderProcess, how: str, mode: str
) -> None:
    """State, issuer (RFC 9207), one of each; no word of the provider reaches the visitor, no code is spent."""
    provider.be(mode)
    before = provider.counts().get("/token", 0)
    with pytest.raises(ProviderRefused) as refused:
        sign_in_at(provider, client_of(provider), how)
    assert refused.value.status == 400
    assert "<" not in refused.value.message
    assert provider.counts().get("/token", 0) == before


@WAYS
def test_code_is_good_once_and_with_its_verifier(provider: ProviderProcess, how: str) -> None:
    """A code that was used, and one that was stolen from another browser, are refused (RFC 7636)."""
    client = client_of(provider)
    sign_in, address = begin(client)
    back = provider.visit(address)
    assert finish(client, sign_in, back, how).subject == SUBJECT
    with pytest.raises(ProviderRefused):
        finish(client, sign_in, back, how)
    victim, address = begin(client)
    stolen = parse_qs(urlsplit(provider.visit(address)).query)["code"][0]
    mine, address = begin(client)
    back = provider.visit(address)
    code = parse_qs(urlsplit(back).query)["code"][0]
    with pytest.raises(ProviderRefused):
        finish(client, mine, back.replace(code, stolen), how)


@WAYS
@pytest.mark.parametrize("place", ["/token", "/jwks", "/.well-known/openid-configuration", "/userinfo"])
@pytest.mark.parametrize(
    "kind", ["slow", "dripping", "hesitating", "huge", "nested", "moved", "text", "list", "zipped", "broken"]
)
def test_ill_answers_end_soon_with_502(
    provider: ProviderProcess, how: str, place: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow, endless, huge, moved or no JSON at all: nobody waits, and nothing of it is followed or told."""
    monkeypatch.setattr(web_link, "READ_SECONDS", 0.5)
    more = {"scopes": ("openid",)} if place == "/userinfo" else {}
    provider.be(f"{kind} at {place}")
    began = time.monotonic()
    if place == "/userinfo":
        # Why through the client's own door: the token of this provider says everything already.
        client = client_of(
            provider,
            is_openid=False,
            authorize_url=f"{provider.url}/authorize",
            token_url=f"{provider.url}/token",
            userinfo_url=f"{provider.url}/userinfo",
            **more,
        )
    else:
        client = client_of(provider)
    with pytest.raises(ProviderFailed) as failed:
        sign_in_at(provider, client, how)
    assert time.monotonic() - began < 4
    assert "hunter2" not in str(failed.value)
    assert "/elsewhere" not in provider.counts()


@WAYS
@pytest.mark.parametrize(
    "mode", ["other issuer", "keys in a file", "keys inside", "keys elsewhere", "script", "nowhere"]
)
def test_what_a_provider_says_of_itself_leads_nowhere_else(
    provider: ProviderProcess, how: str, mode: str
) -> None:
    """Another issuer, a file, a machine inside, a script: refused (reliability 103)."""
    provider.be(mode)
    with pytest.raises(ProviderFailed):
        sign_in_at(provider, client_of(provider), how)


def test_key_that_is_not_known_is_looked_for_once_a_minute(provider: ProviderProcess) -> None:
    """A new key of the provider is found at once, and nobody makes this application ask without end."""
    now = [time.time()]
    client = client_of(provider, clock=lambda: now[0])
    sign_in_at(provider, client)
    provider.be("rotated")
    provider.be("right")
    now[0] += 61
    before = provider.counts()["/jwks"]
    assert sign_in_at(provider, client).subject == SUBJECT
    assert provider.counts()["/jwks"] == before + 1
    provider.be("unknown key")
    for _ in range(5):
        with pytest.raises(ProviderFailed):
            sign_in_at(provider, client)
    assert provider.counts()["/jwks"] == before + 1


def test_where_it_is_and_its_keys_are_kept_for_an_hour(provider: ProviderProcess) -> None:
    """A sign-in asks for tokens and for nothing else."""
    now = [time.time()]
    client = client_of(provider, clock=lambda: now[0])
    sign_in_at(provider, client)
    kept = ("/jwks", "/.well-known/openid-configuration")
    before = [provider.counts()[name] for name in kept]
    sign_in_at(provider, client)
    assert [provider.counts()[name] for name in kept] == before
    now[0] += 100
    client._endpoints = client._keys = None
    sign_in_at(provider, client)
    assert [provider.counts()[name] for name in kept] == [each + 1 for each in before]


@pytest.mark.parametrize("mode", ["unproven", "says so in text"])
def test_address_that_is_not_proven_is_not_the_persons(provider: ProviderProcess, mode: str) -> None:
    """It is there to be shown, under a name that nobody takes for the other."""
    provider.be(mode)
    person = sign_in_at(provider, client_of(provider))
    assert (person.email, person.unproven_email) == (None, "ada@example.com")


def test_what_the_token_leaves_out_is_asked_for(provider: ProviderProcess) -> None:
    """An address and a name of the provider's own page, where it speaks of the same person."""
    provider.be("nothing about")
    person = sign_in_at(provider, client_of(provider))
    assert (person.email, person.name) == ("ada@example.com", "Ada L.")


def plain_oauth(provider: ProviderProcess) -> ProviderClient:
    url = provider.url
    return client_of(
        provider,
        issuer="https://github.example",
        authorize_url=f"{url}/authorize",
        token_url=f"{url}/token",
        userinfo_url=f"{url}/user",
        emails_url=f"{url}/emails",
        scopes=("read:user",),
        is_openid=False,
        subject_field="id",
        client_auth="post",
    )


@WAYS
@pytest.mark.parametrize(("mode", "email"), [("no iss", "ada@example.com"), ("unproven", None)])
def test_provider_without_openid_tells_by_its_address(
    provider: ProviderProcess, how: str, mode: str, email: str | None
) -> None:
    """The number that never belongs to anybody else, and the first address that it has proven."""
    provider.be("no iss")
    client = plain_oauth(provider)
    sign_in, address = begin(client, how)
    assert "nonce" not in parse_qs(urlsplit(address).query)
    back = provider.visit(address)
    provider.be(mode)
    person = finish(client, sign_in, back, how)
    assert (person.issuer, person.subject, person.email) == ("https://github.example", "4711", email)
    assert person.unproven_email is None


@pytest.mark.parametrize(("mode", "error"), [("error with 200", ProviderRefused), ("no id", ProviderFailed)])
def test_provider_without_openid_may_be_wrong_too(
    provider: ProviderProcess, mode: str, error: type[Exception]
) -> None:
    """An error that comes with 200, and nobody at its address."""
    provider.be("no iss")
    client = plain_oauth(provider)
    sign_in, address = begin(client)
    back = provider.visit(address)
    provider.be(mode)
    with pytest.raises(error):
        finish(client, sign_in, back)


def test_wrong_secret_is_the_applications_fault_and_not_told(provider: ProviderProcess) -> None:
    """It is 502 with the provider's word in the log's line, and never the secret."""
    with pytest.raises(ProviderFailed, match="invalid_client") as failed:
        sign_in_at(provider, client_of(provider, client_secret="not it"))
    assert "not it" not in repr(failed.value) + repr(failed.value.__cause__)
