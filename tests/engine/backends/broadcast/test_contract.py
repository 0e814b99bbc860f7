"""The words of the contract; its law is in `tests/contracts/test_broadcast.py`."""

from __future__ import annotations

from asok_engine.backends.broadcast.contract import Gap


def test_gap_says_why_and_how_many_where_that_is_known() -> None:
    """A gap whose size nobody knows says so."""
    assert Gap("the subscription was lost").missed is None
    assert Gap("numbers were skipped", 3).missed == 3
