"""What counts as bearer credentials."""

from __future__ import annotations

import pytest

from asok_engine.wire.authorization import bearer_credentials, carries_bearer
from tests.engine.realtime.served import made_request


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER   abc ", "abc"),
        ("Bearer\tabc", "abc"),
        ("Bearer", ""),
        ("Bearer ", ""),
        ("Basic abc", None),
        ("Bearerabc", None),
        ("", None),
        (None, None),
    ],
)
def test_the_scheme_is_read_without_regard_to_case(field: str | None, expected: str | None) -> None:
    """The scheme alone is credentials too: they are worth nothing, and are not those of a cookie (RFC 9110 11.1)."""
    request = made_request("/") if field is None else made_request("/", authorization=field)
    assert bearer_credentials(request) == expected
    assert carries_bearer(request) is (expected is not None)
