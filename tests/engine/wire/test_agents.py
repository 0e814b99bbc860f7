"""Browsers are guessed, cheaply, from what they say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.wire.agents import Browser

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("text", "browser"),
    [
        (WINDOWS + "Chrome/142.0.0.0 Safari/537.36", Browser("Chrome", "Windows", False)),
        (WINDOWS + "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", Browser("Edge", "Windows", False)),
        (WINDOWS + "Chrome/141.0.0.0 Safari/537.36 OPR/126.0.0.0", Browser("Opera", "Windows", False)),
        (ANDROID + "Chrome/142.0.0.0 Mobile Safari/537.36", Browser("Chrome", "Android", True)),
        (
            ANDROID + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            Browser("Samsung Internet", "Android", True),
        ),
        (MAC + "Version/18.0 Safari/605.1.15", Browser("Safari", "macOS", False)),
        (IPHONE + "Version/18.0 Mobile/15E148 Safari/604.1", Browser("Safari", "iOS", True)),
        (IPHONE + "CriOS/142.0.0.0 Mobile/15E148 Safari/604.1", Browser("Chrome", "iOS", True)),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            Browser("Firefox", "Linux", False),
        ),
        ("curl/8.14.1", Browser("curl", "", False)),
        ("", Browser("", "", False)),
    ],
)
def test_browser_is_guessed(text: str, browser: Browser) -> None:
    """The most exact name is taken, though each also names its ancestors."""
    assert Browser.from_user_agent(text) == browser


def test_only_the_first_kilobyte_is_read() -> None:
    """A long field costs no more than a short one."""
    assert Browser.from_user_agent(" " * 1024 + "Firefox/1").name == ""


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_nothing_makes_it_raise(text: str) -> None:
    """Whatever is sent is some browser."""
    assert isinstance(Browser.from_user_agent(text), Browser)
