"""Rights as people write them: "posts.edit", "posts.*", "*".

A right names a thing and a deed, with a dot between. What was given with a star covers
every deed, and whoever may do something with a thing may also view it. Nothing else is
implied, and what cannot be read is not given. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from asok_engine.errors import UsageError

__all__ = ["VIEW", "covers", "grants"]

#: The deed that every other deed with the same thing brings along.
VIEW = "view"


def grants(given: Iterable[object], wanted: str) -> bool:
    """Tell whether rights that were given cover the one that is wanted.

    Raises:
        UsageError: the wanted right is no thing and deed; a wildcard can be given, not asked for.
    """
    thing, dot, deed = wanted.rpartition(".")
    if not (thing and dot and deed) or "*" in wanted or wanted != wanted.strip():
        raise UsageError(
            f"The right {wanted!r} was asked for; expected a thing and a deed.",
            fix='Write it as "posts.edit".',
        )
    for each in given:
        if each in ("*", wanted, f"{thing}.*"):
            return True
        # Why the thing as a whole: "posts.edit" says nothing about "posts.comments".
        if deed == VIEW and isinstance(each, str) and each.rpartition(".")[0] == thing:
            return True
    return False


def covers(given: Iterable[object], right: str) -> bool:
    """Tell whether rights that were given cover one that was given as well, which may have a star."""
    given = list(given)
    if "*" in given or right in given:
        return True
    thing, _, deed = right.rpartition(".")
    is_one = bool(thing and deed) and "*" not in right and right == right.strip()
    return is_one and grants(given, right)
