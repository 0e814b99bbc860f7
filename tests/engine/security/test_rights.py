"""What a right covers, and that nothing else does."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.security.rights import covers, grants


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["posts.edit"], "posts.edit"),
        (["posts.edit"], "posts.view"),
        (["posts.*"], "posts.delete"),
        (["*"], "posts.delete"),
        (["a.b", "posts.comments.edit"], "posts.comments.view"),
    ],
)
def test_a_right_covers_what_it_says(given: list[str], wanted: str) -> None:
    """Itself, every deed behind a star, and viewing what may be done something with."""
    assert grants(given, wanted)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], "posts.view"),
        (["posts.view"], "posts.edit"),
        (["posts.edit"], "postscripts.edit"),
        (["posts.edit"], "posts.comments.view"),
        (["posts.*"], "posts.comments.edit"),
        (["po*"], "posts.edit"),
        (["*.edit"], "posts.edit"),
        (["", None, 3], "posts.view"),
        (["POSTS.EDIT"], "posts.edit"),
    ],
)
def test_a_right_covers_nothing_else(given: list[object], wanted: str) -> None:
    """No prefix, no pattern, no other thing, and nothing that cannot be read."""
    assert not grants(given, wanted)


@pytest.mark.parametrize("wanted", ["", "posts", "posts.", ".edit", "posts.*", "*", " posts.edit"])
def test_a_right_that_is_none_is_a_mistake(wanted: str) -> None:
    """Asking for it raises, so that a slip of the pen never opens a door."""
    with pytest.raises(UsageError, match="posts.edit"):
        grants(["*"], wanted)


@pytest.mark.parametrize(
    ("given", "right", "expected"),
    [
        (["*"], "*", True),
        (["*"], "posts.*", True),
        (["posts.*"], "posts.*", True),
        (["posts.*"], "posts.edit", True),
        (["posts.edit"], "posts.view", True),
        (["posts.edit"], "posts.*", False),
        (["posts.*"], "*", False),
        (["posts.*"], "pages.view", False),
        ([], "posts.view", False),
        (["posts.*"], "posts", False),
        (["posts"], "posts", True),
    ],
)
def test_a_star_is_covered_by_a_star_alone(given: list[object], right: str, expected: bool) -> None:
    """What was given to one person is held against what was given to another, or to a token."""
    assert covers(given, right) is expected
