"""Tokens by which programs act for a person."""

from asok import Field
from asok.auth import BearerToken


class AccessToken(BearerToken):
    """One token; only its hash is kept."""

    user_id = Field.ForeignKey("Person", on_delete="CASCADE", protected=True)
