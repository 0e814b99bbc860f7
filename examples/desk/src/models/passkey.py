"""Keys on devices of people, which sign them in without a password."""

from asok import Field, auth


class Passkey(auth.Passkey):
    """One key of one person."""

    user_id = Field.ForeignKey("Person", on_delete="CASCADE", protected=True)
