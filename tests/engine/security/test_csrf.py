"""Tokens are bound, masked and short; origins are judged as browsers write them."""

from __future__ import annotations

import pytest

from asok_engine.security.csrf import CsrfTokens, foreign_origin, parse_origin

SECRET = "a-secret-of-enough-characters-0123456789"
OLD = "the-one-before-with-enough-characters-01"
OWN = ("https", "shop.example", None)


def test_token_is_good_for_its_binding_only() -> None:
    """Each call gives another text of 64 characters, all good for this binding and no other."""
    tokens = CsrfTokens(SECRET)
    made = {tokens.token("session a") for _ in range(100)}
    assert len(made) == 100
    assert {len(token) for token in made} == {64}
    assert all(tokens.accepts(token, "session a") for token in made)
    assert not any(tokens.accepts(token, "session b") for token in made)


def test_no_part_of_a_token_is_the_same_twice() -> None:
    """What compression could find in two answers is random (BREACH)."""
    made = [CsrfTokens(SECRET).token("session a") for _ in range(200)]
    for start in range(0, 64, 8):
        assert len({token[start : start + 8] for token in made}) == 200


@pytest.mark.parametrize(
    "junk", ["", "a", "a" * 63, "a" * 64, "a" * 65, "é" * 64, "!" * 64, " " * 64, "a " * 32]
)
def test_junk_is_no_token(junk: str) -> None:
    """Whatever comes in is refused without an error."""
    assert not CsrfTokens(SECRET).accepts(junk, "session a")


def test_earlier_secret_is_accepted_as_a_fallback() -> None:
    """Forms that are open while the key is changed stay good (case 91)."""
    token = CsrfTokens(OLD).token("session a")
    assert CsrfTokens(SECRET, [OLD]).accepts(token, "session a")
    assert not CsrfTokens(SECRET).accepts(token, "session a")


def test_seed_of_a_cookie_must_be_ours() -> None:
    """Nobody can choose the seed of another (signed double submit)."""
    tokens = CsrfTokens(SECRET)
    signed = tokens.make_seed()
    seed = tokens.read_seed(signed)
    assert seed
    assert tokens.read_seed(signed + "x") is None
    assert tokens.read_seed(seed) is None
    assert CsrfTokens(OLD).read_seed(signed) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://shop.example", ("https", "shop.example", 443)),
        ("HTTPS://Shop.Example:8443", ("https", "shop.example", 8443)),
        ("http://[::1]:80/path", ("http", "::1", 80)),
        ("null", None),
        ("", None),
        ("ftp://shop.example", None),
        ("https://", None),
        ("https://a:port", None),
        ("http://[::1", None),
    ],
)
def test_origin_is_read_or_is_none(text: str, expected: object) -> None:
    """Scheme, host and port, with the port that the scheme means."""
    assert parse_origin(text) == expected


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, ""),
        ({"origin": "https://shop.example"}, ""),
        ({"origin": "http://shop.example"}, "http://shop.example"),
        ({"origin": "null"}, "null"),
        ({"origin": "null", "referrer": "https://shop.example/"}, "null"),
        ({"referrer": "https://shop.example/x"}, ""),
        ({"referrer": "https://evil.example/"}, "https://evil.example/"),
        ({"fetch_site": "cross-site"}, "a cross-site page"),
        ({"fetch_site": "same-site", "origin": "https://shop.example"}, "https://shop.example"),
        ({"fetch_site": "cross-site", "origin": "https://partner.example"}, ""),
    ],
)
def test_headers_are_judged_together(headers: dict[str, str], foreign: str) -> None:
    """Origin before Referer; Sec-Fetch-Site against both; a trusted origin before all."""
    given = {"origin": None, "referrer": None, "fetch_site": None, **headers}
    trusted = {("https", "partner.example", 443)}
    assert foreign_origin(**given, own=OWN, trusted=trusted) == foreign
