"""Counts what one client tries, in one way for passwords, codes, passkeys and links in mail.

What was right is taken back from the counts, and so is what was counted for a try that
another limit refused. The counters are shared by the processes of an application; they
come in plain or async, so that one plan serves both.
Sources: OWASP Authentication Cheat Sheet, ASVS 5.0 V6.3.1.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from asok_engine.backends.counters.contract import Verdict
from asok_engine.errors import TooManyRequests
from asok_engine.records.steps import Call, Plan

__all__ = ["Throttle", "Tries"]

_log = logging.getLogger("asok.security")


class Throttle(Struct, frozen=True):
    """How many failed tries are allowed in `window_seconds`."""

    #: From one address, whatever the accounts.
    per_address: int = 100
    #: From one address with one account.
    per_pair: int = 5
    #: With one account before each address gets a single try.
    per_account: int = 20
    window_seconds: float = 900.0


class Tries(Struct):
    """Counts the tries of one client; `add` and `take_back` are those of the counters, plain or async."""

    add: Callable[[str, int, float, float], Any]
    take_back: Callable[[str, float, float], Any]
    client: str
    now: float
    throttle: Throttle = Throttle()

    def count(
        self, *limits: tuple[str, int], refusal: str, logged: str, counted: Iterable[str] = ()
    ) -> Plan[list[str]]:
        """Count one try under each of these keys; give them, and the ones that were `counted` before.

        `refusal` is what the client is told, with `{minutes}` in it, `logged` what the log is.

        Raises:
            TooManyRequests: a key has as many as its limit; nothing stays counted then (429).
        """
        keys = list(counted)
        for key, limit in limits:
            verdict = yield from self.hit(key, limit)
            if not verdict.allowed:
                yield from self.forget(keys)
                _log.warning("%s", logged)
                seconds = int(verdict.retry_after_seconds) + 1
                minutes = -(-seconds // 60)
                said = refusal.replace("{minutes}", f"{minutes} minute{'' if minutes == 1 else 's'}")
                raise TooManyRequests(said, retry_after=seconds)
            keys.append(key)
        return keys

    def hit(self, key: str, limit: int, window_seconds: float = 0.0) -> Plan[Verdict]:
        """Count one under a key, in the window of the throttle unless another is given."""
        window = window_seconds or self.throttle.window_seconds
        verdict: Verdict = yield Call(self.add, (key, limit, window, self.now))
        return verdict

    def forget(self, keys: Iterable[str]) -> Plan[None]:
        """Take back what was counted for a try that was right, or not made."""
        for key in keys:
            yield Call(self.take_back, (key, self.throttle.window_seconds, self.now))
