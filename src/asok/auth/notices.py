"""Letters that tell somebody of a change of how they sign in, which may not have been theirs.

Each is sent after the change, off the way of the answer, to the address that the account
had before it: when, from which device and address, and what to do. None holds a secret,
nor a text that whoever made the change has written. One that cannot be sent is in the log
and undoes nothing.
Sources: ASVS 5.0 V6.3.7, NIST SP 800-63B 4.6.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from asok.auth.devices import device_of
from asok.auth.otherways import OtherWays
from asok.auth.post import Letter, Post
from asok_engine.dispatch.middleware.rate_limit import client_of
from asok_engine.errors import BackendUnavailable, SetupError
from asok_engine.wire.request import Request

__all__ = ["NOTICES", "Notices"]

_log = logging.getLogger("asok.mail")
_ADVICE = (
    "If it was not you, choose another password at once: {site}/auth/reset\n"
    "Then look over your account: {site}/account"
)


def _notice(subject: str, what: str, advice: str = _ADVICE) -> Letter:
    seen = "When: {when}\nFrom: {client}"
    return Letter(subject, f"{what}\n\n{seen}\n\nIf it was you, there is nothing to do.\n{advice}\n")


#: What people are told unless their model has `security_notices` of its own. `{site}` is where the
#: application is, `{others}` a paragraph about what else opens the account, empty where nothing does.
NOTICES: Mapping[str, Letter] = {
    "password-changed": _notice(
        "Your password was changed", "The password of your account was changed.{others}"
    ),
    "password-reset": _notice(
        "Your password was reset", "The password of your account was reset by a link in an email.{others}"
    ),
    "email-changed": _notice(
        "Your email was changed",
        "The email of your account was changed. This address does not belong to it any more.",
        "If it was not you, tell us at once: {site}",
    ),
    "second-factor-on": _notice(
        "Two-factor authentication is on", "Two-factor authentication was set up for your account."
    ),
    "second-factor-off": _notice(
        "Two-factor authentication is off", "Two-factor authentication was turned off for your account."
    ),
    "backup-codes-made": _notice(
        "New backup codes", "New backup codes were made for your account. The old ones do not work any more."
    ),
    "passkey-added": _notice("A passkey was added", "A passkey was added to your account."),
    "passkey-removed": _notice("A passkey was removed", "A passkey was removed from your account."),
    "token-added": _notice("An access token was made", "An access token was made for your account."),
    "provider-added": _notice(
        "An account was connected", "Your account can be opened by signing in with {provider}."
    ),
    "provider-removed": _notice(
        "An account was disconnected", "Your account cannot be opened by signing in with {provider} any more."
    ),
}


class Notices:
    """The notices of one application; `post` is None where no mail is sent.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self, post: Post | None = None, *, app_url: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._post = post
        self._app_url = app_url
        self._clock = clock

    @staticmethod
    def check(model: type[Any]) -> None:
        """Look at what a model says of notices.

        Raises:
            SetupError: it names one that there is not.
        """
        for name in getattr(model, "security_notices", {}):
            if name not in NOTICES:
                raise SetupError(
                    f"{model.__name__}.security_notices has {name!r}, which is no notice.",
                    fix=f"Name one of: {', '.join(NOTICES)}.",
                )

    def tell(
        self,
        request: Request,
        person: Any,
        name: str,
        *,
        provider: str = "",
        others: OtherWays | None = None,
    ) -> None:
        """Tell a person, at the address that the record has, what a request has changed."""
        letter = {**NOTICES, **getattr(type(person), "security_notices", {})}[name]
        address = getattr(person, "email", None)
        if self._post is None or letter is None or not address:
            return
        site = (self._app_url or request.host_url).rstrip("/")
        facts = {
            "when": f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%d %H:%M} UTC",
            "client": _client(request),
            "site": site,
            "provider": provider.capitalize(),
            "others": f"\n\nThese still open it: {others}. Look them over: {site}/account" if others else "",
        }
        text = letter.text
        for fact, said in facts.items():
            text = text.replace(f"{{{fact}}}", said)
        try:
            self._post.put_later(lambda: (address, letter.subject, text))
        except BackendUnavailable as error:
            _log.error("A message with the subject %r was not sent: %s", letter.subject, error)


def _client(request: Request) -> str:
    device = device_of(request.headers.get("user-agent") or "")
    # Why: readers of mail make a link of what looks like a host, and a user agent says what it likes.
    return f"{device.replace('.', ' ')}, {client_of(request)}"
