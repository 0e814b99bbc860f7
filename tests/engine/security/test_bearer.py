"""Tokens for programs: made of chance, known by their form, kept as a hash."""

from __future__ import annotations

import re

import pytest

from asok_engine.security.bearer import PREFIX, bearer_digest, make_bearer


def test_a_token_is_known_by_its_form_and_no_two_are_alike() -> None:
    """A secret scanner finds it with one pattern (GitHub's documented form of its own tokens is alike)."""
    tokens = {make_bearer() for _ in range(500)}
    assert len(tokens) == 500
    assert all(re.fullmatch(r"asok_[0-9A-Za-z]{49}", token) for token in tokens)


def test_the_digest_is_of_the_whole_token_and_opens_nothing() -> None:
    """It is the same each time, 256 bits long, and no token itself."""
    token = make_bearer()
    digest = bearer_digest(token)
    assert digest is not None
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert bearer_digest(token) == digest != bearer_digest(make_bearer())
    assert bearer_digest(digest) is None


@pytest.mark.parametrize("place", [0, 4, 5, 20, 47, 48, 53])
def test_a_slip_in_one_letter_is_noticed(place: int) -> None:
    """Without asking a database: the checksum is another one."""
    token = make_bearer()
    for letter in "xyz":
        if token[place] != letter:
            assert bearer_digest(token[:place] + letter + token[place + 1 :]) is None


@pytest.mark.parametrize("text", ["", "asok_", "x" * 54, PREFIX + "0" * 49, PREFIX + "é" * 49, "a" * 100_000])
def test_what_was_not_made_here_has_no_digest(text: str) -> None:
    """Of whatever length and letters."""
    assert bearer_digest(text) is None


def test_a_line_end_behind_a_token_is_no_part_of_it() -> None:
    """A header that was read carelessly is refused, not trimmed."""
    assert bearer_digest(make_bearer() + "\n") is None
