"""Rules about text: addresses, letters, choices, patterns, passwords. Each takes linear time.

`regex` runs a pattern of the application on at most 4096 characters; whether that
pattern itself is quick is up to who writes it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.security.password_rules import FEWEST_CHARACTERS, password_problems
from asok_engine.validation.addresses import is_email, is_url
from asok_engine.validation.rulebook import Rule, Subject

__all__ = ["TEXT"]

_LONGEST_FOR_REGEX = 4096
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_TEL = frozenset("0123456789 -().+/")
_LONGEST_PASSWORD = 1024
_DRAWING = "data:image/png;base64,"
_LONGEST_NAME, _LONGEST_DRAWING = 200, 400_000


def _texts(check: Callable[[str], bool]) -> Callable[[Subject], bool]:
    def judge(subject: Subject) -> bool:
        return isinstance(subject.value, str) and check(subject.value)

    return judge


def _regex(subject: Subject) -> bool:
    pattern = _compiled(subject.one("regex"))
    return len(text := str(subject.value)) <= _LONGEST_FOR_REGEX and pattern.search(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"The pattern {pattern!r} of a regex rule cannot be read: {error}.") from error


def _listed(value: Any) -> list[str]:
    return [str(part) for part in value] if _is_list(value) else [str(value)]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _in(subject: Subject) -> bool:
    allowed = {str(value) for value in subject.arguments} or {""}
    return all(value in allowed for value in _listed(subject.value))


def _not_in(subject: Subject) -> bool:
    refused = {str(value) for value in subject.arguments}
    return not any(value in refused for value in _listed(subject.value))


def _digits(subject: Subject) -> bool:
    text = str(subject.value)
    low, _, high = subject.one("digits").partition(",")
    length = len(text)
    return text.isascii() and text.isdigit() and int(low) <= length <= int(high or low)


def _is_tel(text: str) -> bool:
    digits = sum(char.isdigit() for char in text)
    return 5 <= digits <= 15 and len(text) <= 32 and set(text) <= _TEL and text.rfind("+") <= 0


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _is_signature(text: str) -> bool:
    if not text.startswith(_DRAWING):
        return 2 <= len(text) <= _LONGEST_NAME and text.isprintable()
    if len(text) > _LONGEST_DRAWING:
        return False
    try:
        drawing = base64.b64decode(text[len(_DRAWING) :], validate=True)
    except ValueError:
        return False
    return drawing.startswith(b"\x89PNG\r\n\x1a\n") and drawing.endswith(b"IEND\xaeB`\x82")


def _password_strength(subject: Subject) -> bool:
    """Judge by length and by what is easy to guess; no rules about kinds of characters (ASVS 6.2.5)."""
    value = subject.value
    if not isinstance(value, str):
        return False
    shortest = int(subject.argument or FEWEST_CHARACTERS)
    subject.parameters["arg"] = str(shortest)
    if len(value) > _LONGEST_PASSWORD:
        # Refused before anything looks at all of it.
        return False
    problems = password_problems(value, own_words=_known_of(subject), fewest_characters=shortest)
    if problems == ["too-short"]:
        subject.message_key = "password_length"
    return not problems


def _known_of(subject: Subject) -> Iterator[str]:
    """Give what others know of the person: name, user name, address and its first half."""
    for name in ("email", "username", "name", "login"):
        text = subject.data.get(name)
        if isinstance(text, str) and text:
            yield text.lower()
            yield text.lower().partition("@")[0]


_ALPHA_NUM = Rule(_texts(str.isalnum), {"alpha_num": "Use letters and digits only."})

TEXT = {
    "email": Rule(_texts(is_email), {"email": "Enter an e-mail address such as name@example.com."}),
    "url": Rule(_texts(is_url), {"url": "Enter an address that begins with https:// or http://."}),
    "regex": Rule(_regex, {"regex": "This does not have the right form."}),
    "in": Rule(_in, {"in": "Choose one of the options."}),
    "not_in": Rule(_not_in, {"not_in": "This value is not allowed."}),
    "digits": Rule(_digits, {"digits": "Enter {arg} digits."}),
    "alpha": Rule(_texts(str.isalpha), {"alpha": "Use letters only."}),
    "alpha_spaces": Rule(
        _texts(lambda text: all(char.isalpha() or char == " " for char in text)),
        {"alpha_spaces": "Use letters and spaces only."},
    ),
    "alpha_num": _ALPHA_NUM,
    "alphanumeric": _ALPHA_NUM,
    "slug": Rule(
        _texts(lambda text: _SLUG.match(text) is not None),
        {"slug": "Use lower-case letters, digits and single dashes."},
    ),
    "tel": Rule(_texts(_is_tel), {"tel": "Enter a telephone number."}),
    "color": Rule(
        _texts(lambda text: _COLOR.match(text) is not None), {"color": "Enter a color such as #3366ff."}
    ),
    "signature": Rule(_texts(_is_signature), {"signature": "Type your full name, or draw your signature."}),
    "base64": Rule(_texts(_is_base64), {"base64": "This is not valid Base64."}),
    "password_strength": Rule(
        _password_strength,
        {
            "password_strength": "This password is easy to guess. Use several words, or one that is longer.",
            "password_length": "Use at least {arg} characters.",
        },
    ),
}
