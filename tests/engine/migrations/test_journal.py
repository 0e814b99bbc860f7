"""The journal remembers what was applied, and how far a migration has come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asok_engine.errors import SetupError
from asok_engine.migrations.graph import Migration
from asok_engine.migrations.journal import Journal, check_progress, digest
from asok_engine.migrations.link import Link, open_link
from asok_engine.migrations.steps import Step

FIRST = Migration("0001_first", checksum="abc")
STEPS = [Step("ddl", "one"), Step("rows", "two")]


@pytest.fixture
def journal(database_url: str) -> Iterator[Journal]:
    """A journal in an empty database of each kind."""
    with open_link(database_url) as link:
        yield Journal(link)


def test_empty_database_has_an_empty_journal(journal: Journal) -> None:
    """Looking makes nothing."""
    assert journal.applied() == {}
    assert journal.unfinished() == {}


def test_applied_migrations_are_remembered_with_batch_and_checksum(journal: Journal) -> None:
    """Preparing twice is fine; what is removed is gone."""
    journal.prepare()
    journal.prepare()
    journal.add(FIRST, 3)
    entry = journal.applied()["0001_first"]
    assert (entry.batch, entry.checksum) == (3, "abc")
    assert len(entry.applied_at) == 19
    journal.remove("0001_first")
    assert journal.applied() == {}


def test_steps_are_noted_when_they_begin_and_end(journal: Journal) -> None:
    """A run that was cut off knows where."""
    journal.prepare()
    journal.begin_step("m", "forward", 0, STEPS[0])
    journal.end_step("m", "forward", 0)
    journal.begin_step("m", "forward", 1, STEPS[1])
    assert journal.progress("m", "forward") == {0: (digest(STEPS[0]), True), 1: (digest(STEPS[1]), False)}
    assert journal.progress("m", "back") == {}
    assert journal.unfinished() == {"m": "forward"}
    journal.forget_steps("m")
    assert journal.unfinished() == {}


def test_changed_file_does_not_go_on_where_another_stopped() -> None:
    """Steps that were done must be the steps that are there."""
    progress = {0: (digest(STEPS[0]), True)}
    check_progress("m", STEPS, progress)
    with pytest.raises(SetupError, match="its step 1 is another now"):
        check_progress("m", STEPS[1:], progress)
    with pytest.raises(SetupError, match="stopped half-way"):
        check_progress("m", [], progress)


def test_link_is_not_needed_to_compare_steps() -> None:
    """The digest is of the text alone."""
    assert digest(STEPS[0]) == digest(Step("rows", "one")) != digest(STEPS[1])
    assert Link.__name__ == "Link"
