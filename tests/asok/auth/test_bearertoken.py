"""The model of tokens: what a project inherits, and what no form sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asok.auth import BearerToken
from asok_engine.records.fields.reference import ForeignKey
from tests.asok.auth.desk import make_desk, person

TOKEN = "from asok import auth\n\n\nclass AccessToken(auth.BearerToken):\n    pass\n"


def test_a_row_ends_with_its_person_and_shows_no_hash(tmp_path: Path) -> None:
    """The key of somebody who is gone may be given to somebody else, who must not inherit a token."""
    app = make_desk(tmp_path, files={"src/models/access_token.py": TOKEN})
    model: Any = app.models["AccessToken"]
    user = person(app)
    made = model.create(_trust=True, user_id=user.id, digest="d" * 64, name="laptop")
    assert "digest" not in made.to_dict()
    user.delete()
    assert model.count() == 0


def test_no_form_sets_more_than_the_name() -> None:
    """Neither whose it is nor what it may (reliability 95)."""
    fields = BearerToken.__description__.fields
    open_ones = {name for name, field in fields.items() if not field.protected and not field.primary_key}
    assert open_ones - {"created_at"} == {"name"}
    assert isinstance(fields["user_id"], ForeignKey)
