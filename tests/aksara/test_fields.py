"""The kinds of fields have their names, and what the face adds to the engine's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aksara import fields
from aksara.models import Model


def test_every_kind_has_its_long_name() -> None:
    """`StringField` is `String`."""
    short = [name for name in fields.__all__ if not name.endswith("Field")]
    exempt = {"CreatedAt", "UpdatedAt", "SoftDelete"}
    for name in [*short, "ForeignKey", "ManyToMany", "OneToOne"]:
        if name not in exempt:
            assert getattr(fields, f"{name}Field") is getattr(fields, name)


def test_options_of_the_face_reach_the_engine() -> None:
    """An index, a slug's source, what an agent is told."""

    class Gadget(Model):
        name = fields.String(max_length=20, db_index=True, ai_description="what it is called")
        slug = fields.Slug(auto_from="name", nullable=True)
        price = fields.Decimal(max_digits=6, decimal_places=1)

    described = Gadget.__description__
    assert described.fields["name"].index
    assert described.fields["name"].extra == {"ai_description": "what it is called"}
    assert described.fields["slug"].populate_from == "name"
    assert described.fields["price"].clean("2.5") == Decimal("2.5")
    assert described.all_names == ("id", "created_at", "updated_at", "name", "slug", "price")


def test_unknown_option_is_told() -> None:
    """A slip in an option is no silent setting."""
    with pytest.raises(TypeError, match="indx"):
        fields.String(indx=True)  # type: ignore[call-overload]
