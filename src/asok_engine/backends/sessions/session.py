"""One visitor's session while a request runs: a dictionary that knows what has changed.

What changed is found at the end, by writing every value again and comparing it with
what was loaded. So a change deep inside a list counts like any other, and values are
plain lists and dictionaries instead of wrappers that watch them. Nothing is read or
written here; `dispatch.middleware.sessions` does that with what this says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asok_engine.backends.cache.values import MISSING, decode, encode
from asok_engine.errors import UsageError

__all__ = ["Session"]

#: Marks the keys of the framework in the store; `Session.own` holds them.
OWN = "@"


class Session(dict[str, Any]):
    """Values of one visitor, kept between requests.

    Values are what JSON holds: text, numbers, true, false, None, lists and dictionaries
    of them. `own` is the same for the framework itself. `make_id` makes the ids of new
    sessions.
    """

    __slots__ = (
        "_before",
        "_changed",
        "_is_remembered",
        "_make_id",
        "_sid",
        "_user_key",
        "ended",
        "handle",
        "is_live",
        "names_person",
        "own",
        "rotates",
    )

    def __init__(
        self,
        make_id: Callable[[], str],
        sid: str = "",
        stored: Mapping[str, bytes] | None = None,
        *,
        user_key: str = "",
        is_remembered: bool = False,
    ) -> None:
        super().__init__()
        self._make_id = make_id
        self._sid = sid
        self._before: Mapping[str, bytes] = stored or {}
        self._changed = False
        self._user_key = user_key
        self._is_remembered = is_remembered
        self.own: dict[str, Any] = {}
        #: Under what the store had it when it was loaded; "" when it had nothing.
        self.handle = ""
        #: Whether the store has it.
        self.is_live = stored is not None
        #: Whether it gets another id when the request ends.
        self.rotates = False
        #: Whether it was said whose session it is from now on.
        self.names_person = False
        #: Whether the store is to forget what it had under the id that came in.
        self.ended = False
        for key, data in self._before.items():
            value = decode(data)
            # Tampered with, or written by another program: as if it had not been there.
            if value is not MISSING:
                if key[:1] == OWN:
                    self.own[key[1:]] = value
                else:
                    self[key] = value

    @property
    def sid(self) -> str:
        """The id that the visitor carries; keep it out of logs and pages."""
        if not self._sid:
            self._sid = self._make_id()
        return self._sid

    @property
    def user_key(self) -> str:
        """Whose session this is, "" for nobody's."""
        return self._user_key

    @property
    def is_remembered(self) -> bool:
        """Whether it outlives the browser, until SESSION_MAX_AGE."""
        return self._is_remembered

    @property
    def modified(self) -> bool:
        """Whether something is to be written, also deep inside a value; set it to say so yourself."""
        return self._changed or self.rotates or self.ended or bool(self.changes())

    @modified.setter
    def modified(self, value: bool) -> None:
        self._changed = value

    def rotate(self, user_key: str | None = None, *, remember: bool | None = None) -> None:
        """Give the session another id, and make the one before dead when the request ends.

        To be called when rights change: at sign-in and sign-out, and on the way to
        something that needs more. `user_key` says whose session it is from now on, ""
        for nobody's; None leaves that. `remember` keeps it beyond the browser's end.
        """
        self.rotates = True
        self._sid = self._make_id()
        self.own.pop("csrf", None)
        if user_key is not None:
            self._user_key = user_key
            self.names_person = True
        if remember is not None:
            self._is_remembered = remember

    def end(self) -> None:
        """Forget everything; the id is dead when the request ends.

        What is put in afterwards is a session of its own.
        """
        self.clear()
        self.own.clear()
        self.ended = self.ended or self.is_live
        self.is_live = self.rotates = self.names_person = self._is_remembered = False
        self._before, self._user_key, self._sid = {}, "", ""

    def changes(self) -> dict[str, bytes | None]:
        """Give what differs from the store: JSON by key, None for a key that went.

        Raises:
            UsageError: a key is no text or begins with "@", or a value has no JSON form.
        """
        before = self._before
        changes: dict[str, bytes | None] = {}
        for key, value in self.items():
            if not isinstance(key, str) or key[:1] == OWN:
                raise UsageError(
                    f"request.session has the key {key!r}; keys are text that does not begin with {OWN!r}.",
                    fix="Name the value with a word.",
                )
            data = encode(key, value, "session")
            if data != before.get(key):
                changes[key] = data
        for name, value in self.own.items():
            key = OWN + name
            data = encode(key, value, "session")
            if data != before.get(key):
                changes[key] = data
        if len(before) + len(changes) > len(self) + len(self.own):
            for key in before:
                if (key[1:] not in self.own) if key[:1] == OWN else (key not in self):
                    changes[key] = None
        return changes

    def saved(self, handle: str, changes: Mapping[str, bytes | None]) -> None:
        """Take note that `changes` are in the store, under `handle`."""
        self.handle = handle
        merged = {**self._before, **changes}
        self._before = {key: data for key, data in merged.items() if data is not None}
        self.is_live = True
        self.rotates = self.ended = self._changed = self.names_person = False

    def lost(self) -> None:
        """Take note that the store has forgotten it meanwhile; it is nobody's, unless somebody signs in."""
        self.is_live, self._before, self.handle = False, {}, ""
        if not self.names_person:
            self._user_key, self._is_remembered = "", False

    def __repr__(self) -> str:
        return f"<Session with {', '.join(sorted(map(str, self))) or 'nothing'}>"
