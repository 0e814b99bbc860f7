"""The list of common passwords: what is on it, and that nothing else is taken for it."""

from __future__ import annotations

import pytest

from asok_engine.security import common_passwords
from asok_engine.security.common_passwords import CommonPasswords


def test_the_list_has_more_than_is_asked_for() -> None:
    """At least three thousand that are long enough to be taken otherwise (ASVS V6.2.4)."""
    entries = common_passwords._TEXT.split()
    assert len(entries) == len(set(entries)) > 3000
    assert all(len(entry) >= 8 and entry == entry.lower() for entry in entries)


@pytest.mark.parametrize("password", ["trustno1", "liverpool", "sunshine", "1qaz2wsx", "zxcvbnm123"])
def test_a_common_password_is_on_it(password: str) -> None:
    """Whole words of it, first and last ones too."""
    assert password in CommonPasswords()
    entries = common_passwords._TEXT.split()
    assert entries[0] in CommonPasswords()
    assert entries[-1] in CommonPasswords()


@pytest.mark.parametrize(
    "password", ["", " ", "sunshin", "unshine", "sunshine superman", "kX9#mQ2$", "\n", None, 5]
)
def test_parts_and_neighbours_are_not(password: object) -> None:
    """A part of an entry, or the end of one with the beginning of the next, is no entry."""
    entries = common_passwords._TEXT.split()
    assert password not in CommonPasswords()
    assert f"{entries[5]} {entries[6]}" not in CommonPasswords()
