"""Steps and probes are values."""

from __future__ import annotations

from asok_engine.migrations.steps import Probe, Step


def test_steps_compare_by_what_they_say() -> None:
    """Two runs make the same steps of the same migration."""
    assert Step("ddl", "DROP TABLE a") == Step("ddl", "DROP TABLE a")
    assert Step("ddl", "x", done=Probe("table", "a")) != Step(
        "ddl", "x", done=Probe("table", "a", is_there=False)
    )
