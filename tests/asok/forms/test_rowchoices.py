"""The rows that a form offers for a foreign key: those of the visitor, and nothing else is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asok import TestClient
from asok.forms import rowchoices
from tests.asok.auth.desk import make_desk, person, sign_in

MODELS = """
from asok import Field, Model
from asok.auth import Allow, Policy


class TeamPolicy(Policy):
    def rules(self, principal, action):
        yield Allow("own teams", Team.owner_id == principal.id if principal.id else False)


class Team(Model):
    __policy__ = TeamPolicy
    name = Field.String(max_length=30)
    owner_id = Field.Integer()


class Room(Model):
    name = Field.String(max_length=30)


class JobPolicy(Policy):
    def rules(self, principal, action):
        yield Allow("all", True)


class Job(Model):
    __policy__ = JobPolicy
    title = Field.String(max_length=30)
    team_id = Field.ForeignKey(Team)
    deputy_id = Field.ForeignKey(Team, nullable=True, related_name="deputies")
    room_id = Field.ForeignKey(Room, nullable=True)
"""
PAGE = """
from asok import Form
from models.job import Job

CSRF = False


def get(request):
    return str(Form.from_model(Job, request).render())


def post(request):
    form = Form.from_model(Job, request)
    if not form.validate():
        return {"errors": form.errors}
    return {"data": form.data}
"""
ASYNC = (
    PAGE.replace("def get", "async def get")
    .replace("def post", "async def post")
    .replace("Form.from_model(", "(await Form.from_model_async(")
    .replace("Job, request)", "Job, request))")
    .replace("form.validate()", "await form.validate_async()")
)
WAYS = pytest.mark.parametrize("how", ["plain", "async"])


def make(root: Path) -> tuple[Any, Any, Any]:
    """Make the application; give it with Ada's team and Bob's."""
    pages = {"jobs/plain/page.py": PAGE, "jobs/async/page.py": ASYNC}
    app = make_desk(root, pages=pages, files={"src/models/job.py": MODELS})
    ada, bob = person(app), person(app, "bob@example.com")
    made: Any = app.models["Team"]
    app.models["Room"].create(name="Cellar")  # type: ignore[attr-defined]
    teams = [made.create(name=name, owner_id=who.id) for name, who in (("Zeta", ada), ("alpha", ada))]
    return app, teams[0], made.create(name="Bob's", owner_id=bob.id)


@WAYS
def test_rows_of_the_visitor_are_offered_in_order(tmp_path: Path, how: str) -> None:
    """A select with names; one that may stay empty has an empty choice; without a policy a key is typed."""
    app, mine, other = make(tmp_path)
    client = TestClient(app)
    sign_in(client)
    page = client.get(f"/jobs/{how}").text
    assert page.index(">alpha</option>") < page.index(">Zeta</option>")
    assert f'value="{mine.id}"' in page
    assert "Bob" not in page
    assert f'value="{other.id}"' not in page
    assert page.count("<select") == 2
    assert "Cellar" not in page
    stranger = TestClient(app).get(f"/jobs/{how}").text
    assert "Zeta" not in stranger


@WAYS
def test_what_is_not_offered_is_not_accepted(tmp_path: Path, how: str) -> None:
    """Another's row, one that is not there, and text; what is chosen is the key as it was (reliability 95)."""
    app, mine, other = make(tmp_path)
    client = TestClient(app)
    sign_in(client)
    good = {"title": "Paint", "team_id": str(mine.id)}
    answer = client.post(f"/jobs/{how}", data=good).json
    assert answer == {"data": {"title": "Paint", "team_id": mine.id, "deputy_id": None, "room_id": None}}
    for wrong in (other.id, 999, "x", "", f"{mine.id} "):
        sent = client.post(f"/jobs/{how}", data={**good, "team_id": f"{wrong}", "deputy_id": f"{other.id}"})
        assert "deputy_id" in sent.json["errors"], wrong
        assert ("team_id" in sent.json["errors"]) is (str(wrong).strip() != str(mine.id))


@WAYS
def test_too_many_rows_are_not_offered(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a key can be typed, and only so many rows were read."""
    app, _, _ = make(tmp_path)
    client = TestClient(app)
    sign_in(client)
    monkeypatch.setattr(rowchoices, "MOST_ROWS", 1)
    page = client.get(f"/jobs/{how}").text
    assert "<select" not in page
    assert 'name="team_id"' in page


def test_rows_are_called_what_the_visitor_may_read(tmp_path: Path) -> None:
    """By `__str__`, by a field that the policy lets them read, else by their key."""
    app, _, _ = make(tmp_path)
    team: Any = app.models["Team"]
    row = team(id=7, name="Zeta", owner_id=1)
    assert rowchoices._label(row, {"name"}) == "Zeta"
    assert rowchoices._label(row, {"owner_id"}) == "7"
    team.__str__ = lambda self: f"Team {self.name}"
    assert rowchoices._label(row, set()) == "Team Zeta"
