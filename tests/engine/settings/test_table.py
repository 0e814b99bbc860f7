"""How rows are found by their names, how values are read by rows, and what a wrong one says."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.settings.kinds import CALLABLE, DICT, DSN, LIST, TEXT, choice, integer, optional
from asok_engine.settings.problem import SettingsError
from asok_engine.settings.table import Setting, Table, section

POOL = Setting(
    "POOL",
    DICT,
    {},
    "Set the pool.",
    options=[Setting("size", integer(1), 5, "Bound it.", aliases=["HALL_POOL_SIZE"])],
)
CACHES = Setting(
    "CACHES",
    DICT,
    {},
    "Set caches.",
    per_alias=True,
    accepts_more=lambda options: "." in options.get("backend", ""),
    options=[
        Setting("backend", choice("memory", or_dotted=True), "memory", "Name it."),
        Setting("url", DSN, "", "Give it."),
    ],
)


def table(*rows: Setting, bare_names: bool = True) -> Table:
    """Make a table of a face called hall."""
    return Table("hall", "HALL_", section("All", *rows), bare_names=bare_names)


def test_a_name_its_prefixed_form_and_its_aliases_are_one_row() -> None:
    """`PORT`, `HALL_PORT` and an alias find the same row; the prefixed environment name is asked first."""
    row = Setting("HALL_PORT", integer(), 80, "Give the port.", aliases=["LISTEN"])
    hall = table(row)
    assert {hall.find(name) for name in ("HALL_PORT", "PORT", "LISTEN")} == {row}
    assert hall.environment_names["HALL_PORT"] == ("HALL_PORT", "PORT", "LISTEN")
    assert hall.find("POTR") is None
    assert hall.near("POTR") == ["PORT"]


def test_without_bare_names_only_prefix_and_aliases_are_read_from_the_environment() -> None:
    """A bare name stays usable in code and is not an environment name."""
    row = Setting("SIZE", integer(), 1, "Give it.", aliases=["LENGTH"])
    hall = table(row, bare_names=False)
    assert hall.environment_names["SIZE"] == ("HALL_SIZE", "LENGTH")
    assert hall.find("SIZE") is row
    assert hall.written_name(row) == "LENGTH"


def test_a_function_is_never_read_from_the_environment() -> None:
    """A row whose value only code can give has no environment name."""
    assert table(Setting("HOOK", optional(CALLABLE), None, "Decide.")).environment_names["HOOK"] == ()


def test_env_alone_is_not_a_name() -> None:
    """ENV without prefix names a file that POSIX shells read."""
    assert table(Setting("HALL_ENV", TEXT, "", "Name it.")).environment_names["HALL_ENV"] == ("HALL_ENV",)


def test_two_rows_cannot_share_a_name() -> None:
    """A table in which a name means two things cannot be made."""
    with pytest.raises(SettingsError, match="PORT belongs to HALL_PORT and to PORT"):
        table(Setting("HALL_PORT", TEXT, "", "One."), Setting("PORT", TEXT, "", "Two."))


def test_a_wrong_value_says_name_value_place_expectation_and_fix() -> None:
    """The message needs no other source to act on it, and names the variable that holds the value."""
    row = Setting("SIZE", integer(0), 500, "Give it.", example="500")
    with pytest.raises(SettingsError) as caught:
        table(row).read(row, "abc", "environment HALL_SIZE")
    assert str(caught.value) == (
        "The setting SIZE was given 'abc' (environment HALL_SIZE); expected a whole number of at least 0. "
        "Correct it, for example HALL_SIZE=500."
    )
    assert isinstance(caught.value, RuntimeError)


def test_a_long_wrong_value_is_cut() -> None:
    """A message stays readable whatever was given."""
    row = Setting("SIZE", integer(0), 500, "Give it.")
    with pytest.raises(SettingsError) as caught:
        table(row).read(row, "x" * 10_000, "code")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "row", [Setting("A", LIST, [], "Keep.", secret=True), Setting("A", DSN, "", "Keep.")]
)
def test_a_wrong_secret_is_not_in_the_message(row: Setting) -> None:
    """Secrets and connection URLs are never quoted."""
    with pytest.raises(SettingsError) as caught:
        table(row).read(row, 314159265, "code")
    assert "314159265" not in str(caught.value)


def test_options_are_read_by_their_rows() -> None:
    """The values of a dictionary have kinds of their own."""
    hall = table(POOL)
    assert hall.read(POOL, {"size": "7"}, "code") == {"size": 7}
    with pytest.raises(SettingsError, match=r"POOL\['size'\] was given 0 .*at least 1"):
        hall.read(POOL, {"size": 0}, "code")


def test_an_unknown_option_is_named_with_what_was_meant() -> None:
    """A slip in a dictionary's key is no silent nothing."""
    with pytest.raises(SettingsError, match=r"POOL has no option 'sizee'.*Did you mean size\?"):
        table(POOL).read(POOL, {"sizee": 1}, "code")


def test_every_wrong_option_is_reported_at_once() -> None:
    """One round of correcting is enough."""
    with pytest.raises(SettingsError) as caught:
        table(CACHES).read(CACHES, {"default": {"backend": "mongo", "wrong": 1}, "other": 5}, "code")
    assert len(caught.value.problems) == 3
    assert "CACHES['default']['backend']" in str(caught.value)
    assert "expected a dictionary of options" in str(caught.value)


def test_a_class_of_ones_own_may_take_more_options() -> None:
    """Keys without a row are kept where the row allows it, and slips of known ones are not."""
    hall = table(CACHES)
    given = {"fast": {"backend": "mine.Cache", "shards": 3}}
    assert hall.read(CACHES, given, "code") == given
    with pytest.raises(SettingsError, match="no option 'shards'"):
        hall.read(CACHES, {"fast": {"backend": "memory", "shards": 3}}, "code")
    with pytest.raises(SettingsError, match="Did you mean backend"):
        hall.read(CACHES, {"fast": {"backend": "mine.Cache", "backnd": 3}}, "code")


def test_a_default_is_a_fresh_copy_each_time() -> None:
    """Nobody can change the default of everybody."""
    row = Setting("HOSTS", LIST, ["a"], "List.")
    row.default_value(_nothing).append("b")
    assert row.default_value(_nothing) == ["a"]


def test_a_check_objects_to_a_value_of_the_right_kind() -> None:
    """What the kind cannot see is found at the start, in the same words; None is not asked about."""

    def even(value: int) -> str | None:
        return None if value % 2 == 0 else "an even number"

    row = Setting("PAIRS", optional(integer()), None, "Count.", check=even)
    hall = table(row)
    problem = hall.objection(row, 3, "code")
    assert problem is not None
    assert "was given 3 (code); expected an even number" in problem.message
    assert hall.objection(row, 4, "code") is None
    assert hall.objection(row, None, "code") is None


def _nothing(name: str) -> Any:
    raise AssertionError(name)
