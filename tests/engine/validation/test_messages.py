"""What is said: whose message goes first, and what may stand in it."""

from __future__ import annotations

from asok_engine.validation.messages import fill
from tests.engine.validation.judging import message


def locale(key: str) -> str:
    return {"v_min": "Au moins {arg} lettres.", "v_min_number": "Au moins {arg}.", "v_email": "Non."}.get(
        key, key
    )


def test_message_of_the_field_goes_first() -> None:
    """Then comes the locale, then English."""
    assert message("min:3", "a", messages={"min": "Own {arg}."}, translate=locale) == "Own 3."
    assert message("min:3", "a", translate=locale) == "Au moins 3 lettres."
    assert message("min:3", "a") == "Enter at least 3 characters."


def test_message_fits_what_is_measured() -> None:
    """A number has no characters; a locale that only knows characters does not speak of numbers."""
    assert message("min:3|integer", "1") == "Enter 3 or more."
    assert message("min:3|integer", "1", translate=locale) == "Au moins 3."
    only_text = {"v_min": "Au moins {arg} lettres."}
    assert message("min:3|integer", "1", translate=lambda key: only_text.get(key, key)) == "Enter 3 or more."


def test_placeholder_takes_no_more_than_what_the_rule_asks() -> None:
    """A message from a file cannot reach into objects."""
    assert fill("{arg} {other} {arg.__class__} {0}", {"arg": 3}) == "3 {other} {arg.__class__} {0}"


def test_field_is_called_by_its_name() -> None:
    """`{field}` is the label, or the name without one."""
    assert message("required", "", messages={"required": "{field} is missing."}) == "it is missing."
