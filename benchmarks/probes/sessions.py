"""Loads and saves sessions, gets and sets cached values, in memory: prints CPU microseconds of each as JSON.

A session has three keys; what is saved is a change of one of them. Beside it stands what a
request needs before that: the signature of its cookie and the hash of the id.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from call import microseconds  # noqa: E402

from asok_engine.backends.cache.memory import MemoryCache  # noqa: E402
from asok_engine.backends.sessions.contract import NewSession  # noqa: E402
from asok_engine.backends.sessions.memory import MemorySessions  # noqa: E402
from asok_engine.backends.sessions.session import Session  # noqa: E402
from asok_engine.dispatch.middleware.sessions import handle_of  # noqa: E402
from asok_engine.security.keys import random_token  # noqa: E402
from asok_engine.security.signing import Signer  # noqa: E402

VALUES = {"user_id": b"17", "cart": b"[1,2,3]", "theme": b'"dark"'}


def repeat(deed: Callable[[], object]) -> Callable[[int], None]:
    """Give what does something a number of times."""

    def run(times: int) -> None:
        for _ in range(times):
            deed()

    return run


def main() -> None:
    """Measure, and print what was found."""
    store, signer = MemorySessions(), Signer("a secret of benchmarks and nothing else", "session")
    sid = random_token()
    handle, sent = handle_of(sid), signer.sign(sid)
    store.create(NewSession(handle, VALUES))
    turns = iter(range(10**9))

    def load() -> Session:
        stored = store.load(handle)
        if stored is None:
            raise SystemExit("the store has forgotten its session")
        return Session(random_token, sid, stored.values, user_key=stored.user_key)

    def save() -> None:
        loaded["theme"] = next(turns)
        changes = loaded.changes()
        store.change(handle, changes)
        loaded.saved(handle, changes)

    def known() -> str:
        verified = signer.verify(sent)
        if verified is None:
            raise SystemExit("the signature of a cookie is not verified")
        return handle_of(verified.value)

    loaded = load()
    cache = MemoryCache()
    cache.set("key", {"a": [1, 2, 3]})
    deeds: dict[str, Callable[[], object]] = {
        "load": lambda: store.load(handle),
        "read": load,
        "save": save,
        "cookie": known,
        "cache get": lambda: cache.get("key"),
        "cache set": lambda: cache.set("key", {"a": [1, 2, 3]}),
    }
    print(json.dumps({name: microseconds(repeat(deed)) for name, deed in deeds.items()}))


if __name__ == "__main__":
    main()
