"""Header fields of a request and of a response.

Both keep what travels on the wire: lower-case names and values as bytes, which
ASGI takes as they are. A request's fields are read-only and combined on demand
(RFC 9110 5.2, 5.3; cookies RFC 9113 8.2.3). A response's fields are one dict of
single values, because only Set-Cookie may not be joined and has a place of its
own. A value with CR, LF or NUL is refused where it is set (RFC 9110 5.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping

from asok_engine.errors import UsageError

__all__ = ["ASKED", "NOTHING_SHARED", "Headers", "ResponseHeaders", "SharedFields", "encode_field"]

#: The fields of a request that the engine looks at for every request, whatever answers it.
ASKED = frozenset(
    {
        b"host",
        b"x-request-id",
        b"accept-encoding",
        b"origin",
        b"if-none-match",
        b"if-modified-since",
        b"if-match",
        b"if-unmodified-since",
        b"range",
        b"x-block",
    }
)

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
# Line breaks and NUL split a response; servers refuse the other controls, and then nothing is sent.
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# Why: a second Content-Length or Host is an attack, not a list; the first one
# is what a front server judged.
_SINGLE = frozenset({b"host", b"content-length", b"content-type", b"authorization", b"origin", b"range"})


class Headers(Mapping[str, str]):
    """The header fields of a request: case-insensitive, repeated fields combined.

    Built from pairs of bytes with lower-case names. `get("accept")` gives text,
    `raw(b"accept")` gives bytes without decoding, `getlist` every value sent.
    """

    __slots__ = ("_map", "_pairs")

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]] = ()) -> None:
        if type(pairs) is not list:
            pairs = list(pairs)
        self._pairs: list[tuple[bytes, bytes]] = pairs
        self._map: dict[bytes, bytes] = dict(pairs)
        if len(self._map) != len(pairs):
            self._map = _combined(pairs)

    def raw(self, name: bytes) -> bytes | None:
        """Give the combined value of a lower-case name as bytes, or None."""
        return self._map.get(name)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Give the combined value of a name in any case, or `default`."""
        value = self._map.get(name.lower().encode("latin-1", "replace"))
        return default if value is None else value.decode("latin-1")

    def getlist(self, name: str) -> list[str]:
        """Give every value that was sent under this name, in order."""
        key = name.lower().encode("latin-1", "replace")
        return [value.decode("latin-1") for sent, value in self._pairs if sent == key]

    def pairs(self) -> list[tuple[str, str]]:
        """Give every field as it was sent, lower-case names, in order."""
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._pairs]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower().encode("latin-1", "replace") in self._map

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1").title() for name in self._map)

    def __len__(self) -> int:
        return len(self._map)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


def _combined(pairs: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    combined: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        combined.setdefault(name, []).append(value)
    return {
        name: values[0] if name in _SINGLE else (b"; " if name == b"cookie" else b", ").join(values)
        for name, values in combined.items()
    }


class SharedFields:
    """Fields that many responses have in common, made once at start.

    `pairs` is what ASGI sends, `texts` the same for protocols that send text; `names`
    tells quickly whether a response has one of them itself.
    """

    __slots__ = ("names", "pairs", "texts")

    def __init__(self, fields: Mapping[bytes, bytes]) -> None:
        self.pairs = tuple(fields.items())
        self.texts = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.pairs)
        self.names = frozenset(fields)


#: What a response has in common with others until somebody says so.
NOTHING_SHARED = SharedFields({})


def encode_field(name: str, value: object) -> tuple[bytes, bytes]:
    """Encode one response field, lower-case name; raises UsageError for what would split a response."""
    if not _NAME.match(name):
        raise UsageError(f"Header name {name!r} has characters that RFC 9110 does not allow.")
    text = str(value)
    if _BAD_VALUE.search(text):
        raise UsageError(f"Header {name} was given {text!r}: a control character would split the response.")
    try:
        return name.lower().encode("ascii"), text.strip().encode("latin-1")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"Header {name} was given {text!r}; header values are Latin-1.",
            fix="Percent-encode or RFC 8187-encode the value.",
        ) from error


class ResponseHeaders(MutableMapping[str, str]):
    """A view of a response's fields by name in any case; writing checks the value."""

    __slots__ = ("_raw",)

    def __init__(self, raw: dict[bytes, bytes]) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        return self._raw[name.lower().encode("latin-1", "replace")].decode("latin-1")

    def __setitem__(self, name: str, value: str) -> None:
        key, encoded = encode_field(name, value)
        if key == b"set-cookie":
            raise UsageError("Set-Cookie was set as a header.", fix="Call set_cookie(name, value) instead.")
        self._raw[key] = encoded

    def __delitem__(self, name: str) -> None:
        del self._raw[name.lower().encode("latin-1", "replace")]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower().encode("latin-1", "replace") in self._raw

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1").title() for name in self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def add_vary(self, *names: str) -> None:
        """Add names to Vary without repeating one."""
        present = [part.strip() for part in self.get("Vary", "").split(",") if part.strip()]
        known = {part.lower() for part in present}
        self["Vary"] = ", ".join(present + [name for name in names if name.lower() not in known])

    def __repr__(self) -> str:
        return f"ResponseHeaders({dict(self)!r})"
