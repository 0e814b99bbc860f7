"""Close codes and reasons."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.realtime.closing import checked_code, fitting_reason


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1013, 3000, 4999])
def test_code_that_may_be_sent_passes(code: int) -> None:
    """The codes of RFC 6455 7.4 for endpoints, and those for libraries and applications."""
    assert checked_code(code) == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_other_code_is_refused_with_what_to_take(code: int) -> None:
    """A code that every client would take for a protocol error never goes out."""
    with pytest.raises(UsageError, match="4000 to 4999"):
        checked_code(code)


def test_reason_is_cut_at_a_whole_character() -> None:
    """A close frame holds 123 bytes; what is cut stays UTF-8."""
    assert fitting_reason("short") == "short"
    cut = fitting_reason("é" * 100)
    assert len(cut.encode()) == 122
    assert set(cut) == {"é"}
