"""The model of identities: protected as a whole, and told apart by what cannot be made alike."""

from __future__ import annotations

from asok.auth import Identity
from asok.auth.oauth import _hash


def test_nothing_of_an_identity_is_set_from_outside() -> None:
    """No form makes somebody somebody else (reliability 95)."""
    fields = Identity.__description__.fields
    assert {name for name, field in fields.items() if not field.protected} <= {"id"}
    assert fields["issuer"].hidden
    assert fields["subject"].hidden


def test_issuer_and_subject_cannot_be_shifted_into_each_other() -> None:
    """`a` of `bc` is not `ab` of `c`."""
    assert _hash("https://a", "b") != _hash("https://ab", "")
    assert _hash("1:a", "b") != _hash("1", ":ab")
