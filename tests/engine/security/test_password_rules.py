"""What may be a password: length, and not what is tried first; nothing about its composition."""

from __future__ import annotations

import pytest

from asok_engine.security.password_rules import password_problems


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "alllowercaseandnothingelse",
        "жизнь хороша",
        "kX9#mQ2$",
        "tractors1994",
        "my cat eats 4 fish",
        "日本語のながいことば",
        "swordpass-fish-trombone",
        "x" + "y7 plane " * 20,
    ],
)
def test_any_composition_may_be_a_password(password: str) -> None:
    """No rule asks for capitals, digits or signs (ASVS V6.2.5)."""
    assert password_problems(password) == []


@pytest.mark.parametrize(
    "password",
    [
        "12345678",
        "123456789",
        "87654321",
        "1234567890",
        "11111111",
        "aaaaaaaa",
        "abababab",
        "abcabcabc",
        "abcd1234",
        "abcdefgh",
        "qwertyuiop",
        "qwerty123",
        "asdfghjkl",
        "1qaz2wsx",
        "zxcvbnm1",
        "password",
        "Password1!",
        "p@ssw0rd",
        "P4$$W0RD123",
        "passwort1",
        "iloveyou1",
        "letmein123",
        "Welcome2026",
        "administrator",
        "",
    ],
)
def test_what_is_tried_first_may_not(password: str) -> None:
    """Rows, counting, repetition, and that word in any disguise."""
    assert "easy" in password_problems(password, fewest_characters=0)


def test_length_counts_characters() -> None:
    """Eight, whatever the script (ASVS V6.2.1); the site may ask for more."""
    assert password_problems("жизньxq") == ["too-short"]
    assert password_problems("жизньxqz") == []
    assert password_problems("kX9#mQ2$", fewest_characters=15) == ["too-short"]


@pytest.mark.parametrize(
    ("password", "is_own"),
    [
        ("ada.lovelace@example.com", True),
        ("lovelace1", True),
        ("Lovelace!99", True),
        ("ticketdesk1", True),
        ("a lovelace lived in a house", False),
        ("adamantine", False),
        ("kX9#mQ2$", False),
    ],
)
def test_own_words_are_no_secret(password: str, is_own: bool) -> None:
    """The address, its parts, and the name of the site, with a little around them (ASVS V6.2.11)."""
    own = ["ada.lovelace@example.com", "Ada", "Ticketdesk"]
    assert ("own" in password_problems(password, own_words=own)) is is_own


@pytest.mark.parametrize("password", ["trustno1", "Liverpool", "BASEBALL", "jordan23"])
def test_what_has_leaked_most_may_not(password: str) -> None:
    """In any case, and without being given a list (ASVS V6.2.4)."""
    assert password_problems(password) == ["common"]
    assert password_problems(password, common=frozenset()) == []


def test_list_can_be_given() -> None:
    """In any case; every problem is told."""
    assert password_problems("Trustno1x", common={"trustno1x"}) == ["common"]
    assert password_problems("1234", common={"1234"}) == ["too-short", "common", "easy"]


def test_megabyte_is_judged_quickly() -> None:
    """The length of the input decides nothing but the time, and that in step with it."""
    assert password_problems("kX9#mQ2$" + "ab9 " * 2000) == []
