"""What is sent to a provider, and definitions of providers that cannot work."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from asok_engine.errors import SetupError
from asok_engine.security.oauth import (
    Endpoints,
    Provider,
    ProviderFailed,
    SignIn,
    github,
    google,
    person_of,
    read_answer,
    token_request,
)

ENDPOINTS = Endpoints(
    "https://p.example/authorize?tenant=1", "https://p.example/token", "", "https://p.example/jwks", False
)


def provider(**more: Any) -> Provider:
    return Provider(
        **{"name": "test", "issuer": "https://p.example", "client_id": "id", "client_secret": "s"} | more
    )


def begin() -> SignIn:
    return SignIn.begin("test", "https://desk.example/back", "/", "", 0)


def test_address_asks_for_a_code_and_binds_it() -> None:
    """State, nonce and the S256 challenge of RFC 7636; what the address has already stays."""
    sign_in = begin()
    query = parse_qs(
        urlsplit(sign_in.address(provider(more={"prompt": "login", "state": "x"}), ENDPOINTS)).query
    )
    assert query["tenant"] == ["1"]
    assert query["prompt"] == ["login"]
    assert query["response_type"] == ["code"]
    assert query["state"] == [sign_in.state]
    assert query["nonce"] == [sign_in.nonce]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["https://desk.example/back"]
    assert sign_in.verifier not in str(query)
    assert len(sign_in.verifier) >= 43


def test_challenge_is_that_of_the_standard() -> None:
    """The example of RFC 7636, appendix B."""
    sign_in = SignIn(
        "test", "s", "n", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "https://d.example/", "/", "", 0
    )
    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" in sign_in.address(
        provider(), ENDPOINTS
    )


def test_no_two_sign_ins_are_alike() -> None:
    """Each has secrets of its own, of 256 bits and more."""
    one, other = begin(), begin()
    assert len({one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier}) == 6


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://", "https://p.example/#x", "data:text/html,x"]
)
def test_nobody_is_sent_to_what_is_no_web_address(url: str) -> None:
    """What a provider says of itself is not believed."""
    with pytest.raises(ProviderFailed):
        begin().address(provider(), Endpoints(url, "https://p.example/token", "", "", False))


def test_secret_with_a_colon_is_quoted() -> None:
    """Basic authentication has a form encoding inside (RFC 6749 2.3.1); a client without a secret sends its name."""
    _, headers = token_request(provider(client_id="a b", client_secret="c:d"), begin(), "code")
    assert headers == {"Authorization": "Basic YSUyMGI6YyUzQWQ="}
    form, headers = token_request(provider(client_auth="none", client_secret=""), begin(), "code")
    assert (form["client_id"], "client_secret" in form, headers) == ("id", False, {})


@pytest.mark.parametrize(
    "more",
    [
        {"name": "my provider"},
        {"client_id": ""},
        {"client_secret": ""},
        {"client_auth": "jwt"},
        {"algorithms": ("none",)},
        {"algorithms": ("HS256",)},
        {"algorithms": ()},
        {"is_openid": False},
        {"issuer": ""},
    ],
)
def test_definition_that_cannot_work_is_found_at_start(more: dict[str, Any]) -> None:
    """A shared secret never checks what a provider signs, and nothing is guessed."""
    with pytest.raises(SetupError) as failed:
        provider(**more).check()
    assert "client_secret='s'" not in str(failed.value)


def test_google_and_github_are_whole() -> None:
    """With an id and a secret, from the environment where they are not given."""
    for made in (
        google("id", "secret"),
        github("id", "secret"),
        google(name="work", issuer="https://w.example"),
    ):
        made.completed({"WORK_CLIENT_ID": "id", "WORK_CLIENT_SECRET": "secret"}).check()
    with pytest.raises(SetupError, match="GOOGLE_CLIENT_ID"):
        google().completed({}).check()


def test_secret_is_not_printed() -> None:
    """A provider shows its name."""
    assert repr(provider(client_secret="hunter2")) == "<Provider test at https://p.example>"
    assert repr(SignIn.begin("test", "https://a.example/", "/", "", 1.0)) == "<SignIn with test>"


def test_provider_that_names_itself_has_to() -> None:
    """An answer without `iss` of a provider that always sends it is another's (RFC 9207 2.4)."""
    sign_in = begin()
    query = {"state": [sign_in.state], "code": ["c"]}
    assert read_answer(query, sign_in, provider(), ENDPOINTS) == "c"
    naming = Endpoints("a", "b", "", "c", True)
    with pytest.raises(Exception, match="another provider"):
        read_answer(query, sign_in, provider(), naming)


@pytest.mark.parametrize(
    "told", [{}, {"id": True}, {"id": ""}, {"id": None}, {"id": [1]}, {"id": "x" * 300}, [], None]
)
def test_nobody_is_nobody(told: Any) -> None:
    """Without a key there is no person."""
    with pytest.raises(ProviderFailed):
        person_of(provider(is_openid=False, subject_field="id"), {}, told)


@pytest.mark.parametrize(
    "emails", [[], {}, None, ["a"], [{"email": "a@b.example", "primary": True}], [{"verified": True}]]
)
def test_address_that_nobody_has_proven_is_none(emails: Any) -> None:
    """A list without a proven first address gives none."""
    person = person_of(
        provider(is_openid=False, subject_field="id"), {}, {"id": 7, "email": "typed@b.example"}, emails
    )
    assert person.email is None
