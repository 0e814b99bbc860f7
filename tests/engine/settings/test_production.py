"""Which keys and addresses are good enough to serve with."""

from __future__ import annotations

import secrets

import pytest

from asok_engine.settings.production import is_absolute_url, key_of_this_process, secret_key_problems


@pytest.mark.parametrize(
    "key",
    [None, "", "x" * 31, "secret", "changeme" * 8, "change-me-" + "a1b2c3d4" * 5]
    + [
        "django-insecure-" + "a1b2c3d4" * 5,
        "your-secret-key-here-please-replace-it-now",
        "secret" * 8,
        "password123",
    ],
)
def test_a_missing_short_or_placeholder_key_is_an_error(key: str | None) -> None:
    """No production start signs with what anybody can guess (reliability case 149)."""
    [problem] = secret_key_problems(key)
    assert problem.level == "error"
    assert "SECRET_KEY" in problem.message
    assert "secrets.token_urlsafe" in problem.fix
    assert not key or key not in problem.message.removeprefix("Setting SECRET_KEY")


@pytest.mark.parametrize("key", ["your-ultra-secure-64-character-key-here", "a" * 40])
def test_a_legal_but_weak_key_is_a_warning(key: str) -> None:
    """The documentation's own example runs, and is told to be one."""
    assert [problem.level for problem in secret_key_problems(key)] == ["warning"]


def test_a_random_key_is_fine() -> None:
    """Thirty-two characters at random pass; a face may advise more."""
    key = secrets.token_urlsafe(24)
    assert len(key) == 32
    assert list(secret_key_problems(key)) == []
    [problem] = secret_key_problems(key, advised_length=50)
    assert (problem.level, "32 characters; 50 or more are advised" in problem.message) == ("warning", True)


def test_the_key_of_a_process_is_random_long_and_stable() -> None:
    """It stands in for SECRET_KEY in DEBUG, so everything in one process signs alike."""
    assert key_of_this_process() == key_of_this_process()
    assert list(secret_key_problems(key_of_this_process(), advised_length=50)) == []


@pytest.mark.parametrize(
    "url", ["https://example.com", "http://localhost:8000", "https://[::1]:8443/shop", "https://a.b/"]
)
def test_absolute_urls_pass(url: str) -> None:
    """A scheme, a host, perhaps a port and a path."""
    assert is_absolute_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "/path",
        "ftp://example.com",
        "https://",
        "https:///x",
        "https://user:pw@example.com",
        "//example.com",
    ]
    + [
        "https://exa mple.com",
        "https://example.com\n",
        "https://example.com:99999",
        "https://example.com?x=1",
        "https://e\\x",
    ],
)
def test_anything_else_is_not_an_absolute_url(url: str) -> None:
    """Relative, other schemes, credentials, white space and broken ports are refused without an exception."""
    assert not is_absolute_url(url)
