"""Hides secrets in what people get to see: logs, error pages, printed settings.

By name (`password`, `API_KEY`, `session_id`), by form (the password of an address,
`token=...`, `Bearer ...`) and by value (a set of known secrets). Pure; nothing here
raises, and the work is bounded by the limits that are given, not by the data.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Set
from typing import Any, Final

__all__ = [
    "HIDDEN",
    "Redactor",
    "is_secret_name",
    "mask",
    "mask_locals",
    "mask_mapping",
    "mask_text",
    "mask_url",
]

HIDDEN: Final = "********"

# A shorter value is no secret worth the name and would blank out ordinary words.
SHORTEST_SECRET: Final = 6


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS: Final = _words(
    "password passwords passwd passphrase passcode pwd secret secrets token tokens apikey authorization "
    "cookie cookies credential credentials csrf csrftoken csrfmiddlewaretoken xsrf session sessionid sid jwt "
    "otp totp pin cvv cvc signature salt dsnpassword secretkey privatekey accesskey"
)
_KEY_OWNERS: Final = _words(
    "secret private access api signing sign encryption encrypt master account service auth "
    "shared storage license hmac aes rsa ssh"
)
# A name that ends so speaks about a secret and is none: SESSION_TTL, csrf_header.
_ABOUT: Final = _words(
    "ttl name path age max min expires expiry timeout seconds minutes hours days enabled disabled count "
    "limit size backend prefix header field algorithm length type samesite secure httponly domain required "
    "store class url uri endpoint lifetime rotation only hint policy model table column"
)

_USERINFO: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}://)(?P<user>[^\s:@/?#]{0,200}):(?P<password>[^\s@/?#]{1,500})@"
)
_PAIR: Final = re.compile(
    r"(?P<name>\b[\w.-]{0,40}(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|signature|credential)[\w-]{0,20})"
    r"(?P<sign>[\"']?\s{0,3}[=:]\s{0,3})(?P<quote>[\"']?)(?P<value>[^\s&;,\"'<>)}\]]{1,4000})",
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic|Digest|Token)\s{1,3})(?P<value>[A-Za-z0-9._~+/=-]{16,4000})", re.IGNORECASE
)
_HINTS: Final = (
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "key",
    "signature",
    "credential",
    "bearer",
    "basic",
    "digest",
)


def is_secret_name(name: str) -> bool:
    """Tell whether a value of this name is to be hidden.

    Words are told apart by `_`, `-`, `.` and capitals: `userPassword`, `X-Api-Key`,
    `SECRET_KEY` are secret; `primary_key`, `SESSION_TTL`, `token_count` are not.
    """
    words = [word.lower() for word in _WORDS.findall(name[:200])]
    if not words or (len(words) > 1 and words[-1] in _ABOUT):
        return False
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    if words[-1] == "key":
        return len(words) == 1 or not _KEY_OWNERS.isdisjoint(words)
    return "".join(words) in _SECRET_WORDS


def mask(name: str, value: Any) -> Any:
    """Give `value`, or what may be shown of it.

    A value with a secret name becomes asterisks; None, true, false and the empty text
    stay, because "nothing is set" is what a reader needs to see. Other text loses the
    secrets that have a known form.
    """
    if value is None or value is True or value is False or (isinstance(value, str | bytes) and not value):
        return value
    if is_secret_name(name):
        return HIDDEN
    return mask_text(value) if isinstance(value, str) else value


def mask_url(url: str) -> str:
    """Hide the password and secret parameters of an address.

    `postgres://u:p@h/db` becomes `postgres://u:********@h/db`. A password with
    characters that should have been percent-encoded is hidden too.
    """
    scheme, colon, rest = url.partition("://")
    if not colon:
        return mask_text(url)
    # For a database address the last @ counts: people write passwords with / and # in them.
    end = len(rest) if scheme.lower() not in ("http", "https", "ws", "wss") else _authority_end(rest)
    userinfo, at, _ = rest[:end].rpartition("@")
    if at:
        user, has_password, _ = userinfo.partition(":")
        shown = f"{user}:{HIDDEN}" if has_password else user
        rest = shown + rest[len(userinfo) :]
    return scheme + colon + _PAIR.sub(_hide_pair, rest)


def mask_text(text: str, secrets: Set[str] = frozenset()) -> str:
    """Hide in free text: the values in `secrets`, passwords of addresses, `token=...`, `Bearer ...`."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET and secret in text:
            text = text.replace(secret, HIDDEN)
    if "://" in text:
        text = _USERINFO.sub(rf"\g<scheme>\g<user>:{HIDDEN}@", text)
    lowered = text.lower()
    if any(hint in lowered for hint in _HINTS):
        text = _PAIR.sub(_hide_pair, _SCHEME.sub(rf"\g<scheme>{HIDDEN}", text))
    return text


def mask_mapping(mapping: Mapping[str, Any], depth: int = 4) -> dict[str, Any]:
    """Copy a mapping with its secrets hidden, mappings and lists inside included down to `depth`."""
    return {str(name): _inside(str(name), value, depth) for name, value in mapping.items()}


def mask_locals(
    variables: Mapping[str, Any],
    *,
    secrets: Set[str] = frozenset(),
    max_items: int = 50,
    max_chars: int = 400,
) -> dict[str, str]:
    """Give the variables of a frame as short text for a page that a developer reads.

    At most `max_items` variables of at most `max_chars` characters; never raises, also
    when an object cannot say what it is. `secrets` are values to hide wherever they occur.
    """
    writer = _Writer(secrets, max_chars)
    shown: dict[str, str] = {}
    for name, value in variables.items():
        if name.startswith("__") and name.endswith("__"):
            continue
        if len(shown) >= max_items:
            shown["…"] = f"{len(variables) - max_items} more"
            break
        shown[str(name)] = writer.show(str(name), value)
    return shown


class Redactor:
    """Mask with a fixed set of known secret values, such as those of the settings."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Set[str]) -> None:
        self._secrets = frozenset(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)

    def mask(self, name: str, value: Any) -> Any:
        """Do what `mask` does, and hide the known values in any text."""
        if isinstance(value, str) and value:
            return HIDDEN if is_secret_name(name) else mask_text(value, self._secrets)
        return mask(name, value)

    def mask_text(self, text: str) -> str:
        """Do what `mask_text` does with the known values."""
        return mask_text(text, self._secrets)

    def mask_locals(self, variables: Mapping[str, Any]) -> dict[str, str]:
        """Do what `mask_locals` does with the known values."""
        return mask_locals(variables, secrets=self._secrets)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets)} secrets>"


class _Writer(reprlib.Repr):
    """Writes bounded representations in which secrets are hidden before anything is cut."""

    def __init__(self, secrets: Set[str], max_chars: int) -> None:
        super().__init__()
        self._secrets = secrets
        self._max_chars = max_chars
        self._margin = max((len(secret) for secret in secrets), default=0)
        self.maxlevel = 3
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 12
        self.maxdeque = self.maxarray = 12
        self.maxlong = 80

    def show(self, name: str, value: Any) -> str:
        return self._cut(mask_text(self._named(name, value, self.maxlevel), self._secrets), self._max_chars)

    def repr1(self, x: Any, level: int) -> str:
        # By identity of the type, not by its name: a user's class called `list` is not a list.
        kind = type(x)
        if kind is str or kind is bytes:
            return self._text(x)
        if kind is dict:
            return self.repr_dict(x, level)
        if kind in (list, tuple, set, frozenset, int):
            return str(super().repr1(x, level))
        return self.repr_instance(x, level)

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if not x:
            return "{}"
        if level <= 0:
            return "{…}"
        parts = []
        for position, (key, value) in enumerate(list(x.items())):
            if position >= self.maxdict:
                parts.append("…")
                break
            parts.append(f"{self.repr1(key, level - 1)}: {self._named(key, value, level - 1)}")
        return "{" + ", ".join(parts) + "}"

    def repr_instance(self, x: Any, level: int) -> str:
        # The base class survives a broken __repr__; cutting is left for after the masking.
        self.maxother = 100_000
        return mask_text(
            str(super().repr_instance(x, level))[: self._max_chars * 4 + self._margin], self._secrets
        )

    def _named(self, name: object, value: Any, level: int) -> str:
        if isinstance(name, str) and mask(name, value) is HIDDEN:
            return HIDDEN
        return self.repr1(value, level)

    def _text(self, x: str | bytes) -> str:
        head = x[: self._max_chars + self._margin]
        shown = mask_text(repr(head), self._secrets)
        return shown if len(head) == len(x) else f"{self._cut(shown, self._max_chars)} ({len(x)} long)"

    @staticmethod
    def _cut(text: str, limit: int) -> str:
        return text if len(text) <= limit else text[:limit] + "…"


def _inside(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        if is_secret_name(name):
            return HIDDEN
        return mask_mapping(value, depth - 1) if depth > 0 else "{…}"
    if isinstance(value, list | tuple) and not is_secret_name(name):
        return [_inside(name, item, depth - 1) for item in value] if depth > 0 else "[…]"
    return mask(name, value)


def _authority_end(rest: str) -> int:
    ends = [position for mark in "/?#" if (position := rest.find(mark)) >= 0]
    return min(ends, default=len(rest))


def _hide_pair(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]) or found["value"] == HIDDEN:
        return found[0]
    return f"{found['name']}{found['sign']}{found['quote']}{HIDDEN}"
