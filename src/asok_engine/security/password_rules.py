"""Says what is wrong with a password that somebody wants to have.

Length counts, and that it is not one of those that are tried first: keyboard rows,
counting, repetition, the word "password" in its disguises, the most frequent of those
that have leaked, the person's own name. No rule asks for capitals, digits or signs,
because that makes passwords worse. Pure.
Sources: ASVS 5.0 V6.2.1 to 6.2.12, NIST SP 800-63B 3.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from asok_engine.security.common_passwords import CommonPasswords

__all__ = ["COMMON", "FEWEST_CHARACTERS", "password_problems"]

FEWEST_CHARACTERS = 8
#: More than ASVS 6.2.4 asks for, which is the three thousand most frequent.
COMMON = CommonPasswords()
#: Texts in which neighbours follow each other, read in both directions.
ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
)
#: The words that most lists begin with; what stands around them makes them no better.
WORDS = (
    "password",
    "passwort",
    "passord",
    "motdepasse",
    "contrasena",
    "letmein",
    "iloveyou",
    "welcome",
    "admin",
    "administrator",
)
#: How people disguise letters.
DISGUISES = str.maketrans(
    {"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t"}
)
#: What is left of a word must be this short to say nothing of its own.
TRIMMINGS = 5
SHORTEST_OWN = 4


def password_problems(
    password: str,
    *,
    own_words: Iterable[str] = (),
    common: Container[str] = COMMON,
    fewest_characters: int = FEWEST_CHARACTERS,
) -> list[str]:
    """Give what is wrong: "too-short", "common", "easy", "own"; nothing when the password may be taken.

    `own_words` are the person's e-mail address and names and the name of the site; `common` holds
    passwords in lower case that may not be taken, in the place of the list that comes with this.
    """
    problems = []
    if len(password) < fewest_characters:
        problems.append("too-short")
    lowered = password.lower()
    if password in common or lowered in common:
        problems.append("common")
    if _is_easy(lowered):
        problems.append("easy")
    if any(_is_of(word, lowered) for word in own_words):
        problems.append("own")
    return problems


def _is_easy(lowered: str) -> bool:
    if not lowered:
        return True
    unit = (lowered + lowered).find(lowered, 1)
    if unit < len(lowered) and unit <= 4:
        return True
    if any(
        _without_runs(text) <= len(text) // 3 for text in (lowered, re.sub(r"[\W_]+", "", lowered)) if text
    ):
        return True
    plain = lowered.translate(DISGUISES)
    return any(word in plain and len(lowered) - len(word) <= TRIMMINGS for word in WORDS)


def _without_runs(text: str) -> int:
    """Count the characters that stand in no run of four along a row, or of one character."""
    covered = [False] * len(text)
    for start in range(len(text) - 3):
        piece = text[start : start + 4]
        if len(set(piece)) == 1 or any(piece in row or piece[::-1] in row for row in ROWS):
            covered[start : start + 4] = [True] * 4
    return covered.count(False)


def _is_of(word: str, lowered: str) -> bool:
    """Tell whether a password is little more than a word of the person, or a part of their address."""
    for part in {word.lower(), *re.split(r"[\W_]+", word.lower())}:
        if len(part) >= SHORTEST_OWN and part in lowered and len(lowered) - len(part) <= TRIMMINGS:
            return True
    return False
