"""`AbstractToken`: a text that somebody calls an API with until it is taken away, as a model to inherit.

A project adds whose it is:

    class Token(AbstractToken):
        user = fields.ForeignKey("User", related_name="tokens")

The database keeps a hash of the text, so whoever reads it can call nothing.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from aksara import fields
from aksara.conf import settings
from aksara.models import Model
from asok_engine.errors import SetupError
from asok_engine.security.keys import random_token

__all__ = ["AbstractToken"]

#: Looks of its own, so that one that was published by mistake is found by whoever searches for it.
PREFIX = "aks_"
MOST_CHARACTERS = 200


class AbstractToken(Model):
    """A token of somebody; good for AUTH_TOKEN_EXPIRY seconds unless it is issued for longer."""

    key_hash = fields.String(max_length=64, unique=True, protected=True, hidden=True)
    name = fields.String(max_length=100, default="")
    expires_at = fields.DateTime(protected=True)

    class Meta:
        abstract = True

    @classmethod
    async def issue(cls, user: Any, *, name: str = "", expires_in: float | None = None) -> tuple[Self, str]:
        """Give a new token of somebody, and its text, which is shown once and never again.

        `expires_in` is in seconds.

        Raises:
            SetupError: the model does not say whose its tokens are.
        """
        if "user_id" not in cls.__description__.fields:
            raise SetupError(
                f"{cls.__name__} does not say whose its tokens are.",
                fix='Write in it: user = fields.ForeignKey("User", related_name="tokens")',
            )
        text = PREFIX + random_token(32)
        seconds = settings.AUTH_TOKEN_EXPIRY if expires_in is None else expires_in
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        made = cls(user_id=user.pk, key_hash=_hash(text), name=name, expires_at=until)
        return await made.save(), text

    @classmethod
    async def find(cls, text: str) -> Self | None:
        """Give the token of a text, None when there is none or its time has passed."""
        if not text.startswith(PREFIX) or len(text) > MOST_CHARACTERS:
            return None
        found: Self | None = await cls.objects.get_or_none(key_hash=_hash(text))
        return None if found is None or found.expires_at <= datetime.now(UTC) else found


def _hash(text: str) -> str:
    # Why no slow hash: the text has 256 random bits, and each request brings it.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
