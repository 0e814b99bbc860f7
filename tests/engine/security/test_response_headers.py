"""The hardening headers of both faces."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import SetupError
from asok_engine.security.response_headers import (
    api_frame_options,
    api_security_headers,
    frame_options,
    security_headers,
)

CSP = "default-src 'self'"


def test_true_gives_the_defaults() -> None:
    """Over http: everything but HSTS."""
    headers = security_headers(True, https=False, debug=False, csp=CSP)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Content-Security-Policy"] == CSP
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("off", [False, None])
def test_false_gives_nothing(off: Any) -> None:
    """Switched off is off, the policy included."""
    assert security_headers(off, https=True, debug=False, csp=CSP) == {}
    assert frame_options(off) is None


@pytest.mark.parametrize(
    ("https", "debug", "sent"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_hsts_is_for_https_outside_of_debug(https: bool, debug: bool, sent: bool) -> None:
    """A developer's localhost is not locked to https for a year, also when the setting names a value."""
    for setting in (True, {"Strict-Transport-Security": "max-age=5"}):
        headers = security_headers(setting, https=https, debug=debug)
        assert ("Strict-Transport-Security" in headers) is sent
    assert (
        "Strict-Transport-Security"
        in api_security_headers({"SECURE_HSTS_SECONDS": 5}, https=https, debug=debug)
    ) is sent


def test_a_dictionary_changes_adds_and_removes() -> None:
    """Names match in any case; None and False remove, True keeps, text replaces or adds."""
    headers = security_headers(
        {
            "x-frame-options": "SAMEORIGIN",
            "Referrer-Policy": None,
            "Permissions-Policy": False,
            "X-Content-Type-Options": True,
            "X-Own": "yes",
            "content-security-policy": None,
        },
        https=True,
        debug=False,
        csp=CSP,
    )
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Own"] == "yes"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not {"Referrer-Policy", "Permissions-Policy", "Content-Security-Policy", "x-frame-options"} & set(
        headers
    )
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_frame_options_are_told_for_the_policy() -> None:
    """The composer learns what frames are allowed, None for no limit."""
    assert frame_options(True) == "DENY"
    assert frame_options({"X-Frame-Options": "SAMEORIGIN"}) == "SAMEORIGIN"
    assert frame_options({"x-frame-options": None}) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "a\x00"},
        {"X-A": ""},
        {"X-A": " a"},
        {"X-A": 5},
        {"X-A": "é"},
        {"X A": "a"},
        {"X-A\r\nX-B": "a"},
        {"": "a"},
        {"X-Unknown": True},
        "true",
        5,
        ["X-A"],
    ],
)
def test_what_cannot_be_a_header_stops_the_start(bad: Any) -> None:
    """Line ends, control characters, other scripts, other types: named, not sent (case 98)."""
    with pytest.raises(SetupError, match="SECURITY_HEADERS"):
        security_headers(bad, https=True, debug=False)


def test_the_example_of_the_settings_gives_its_headers() -> None:
    """All switches of aksara's SECURITY on."""
    security = {
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31536000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_BROWSER_XSS_FILTER": True,
        "X_FRAME_OPTIONS": "DENY",
    }
    assert api_security_headers(security, https=True, debug=False, csp=CSP) == {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-XSS-Protection": "1; mode=block",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "Content-Security-Policy": CSP,
    }


def test_an_empty_security_is_still_safe() -> None:
    """Without a word from the settings: nosniff and no frames, nothing that cannot be taken back."""
    headers = api_security_headers({}, https=True, debug=False)
    assert set(headers) == {"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"}


def test_each_switch_can_be_turned_off() -> None:
    """False and None remove what would be sent."""
    headers = api_security_headers(
        {"SECURE_CONTENT_TYPE_NOSNIFF": False, "X_FRAME_OPTIONS": None, "SECURE_HSTS_SECONDS": 0},
        https=True,
        debug=False,
    )
    assert set(headers) == {"Referrer-Policy"}
    assert api_frame_options({"X_FRAME_OPTIONS": "sameorigin"}) == "SAMEORIGIN"
    assert api_frame_options({}) == "DENY"


@pytest.mark.parametrize(
    ("security", "word"),
    [
        ({"SECURE_HSTS_SECOND": 5}, "Did you mean 'SECURE_HSTS_SECONDS'"),
        ({"SECURE_HSTS_SECONDS": "5"}, "SECURE_HSTS_SECONDS is '5'"),
        ({"SECURE_HSTS_SECONDS": -1}, "-1"),
        ({"SECURE_HSTS_SECONDS": True}, "True"),
        ({"SECURE_CONTENT_TYPE_NOSNIFF": "yes"}, "'yes'"),
        ({"SECURE_HSTS_INCLUDE_SUBDOMAINS": 1}, "SUBDOMAINS is 1"),
        ({"X_FRAME_OPTIONS": "ALLOW-FROM x"}, "ALLOW-FROM x.*SAMEORIGIN"),
        ({"X_FRAME_OPTIONS": True}, "True"),
    ],
)
def test_a_switch_of_the_wrong_kind_stops_the_start(security: dict[str, Any], word: str) -> None:
    """The switch, its value and what was expected are in the message."""
    with pytest.raises(SetupError, match=word):
        api_security_headers(security, https=False, debug=False)
