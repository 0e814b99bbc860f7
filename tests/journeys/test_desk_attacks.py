"""The desk as somebody meets it who means harm: what must not be seen, changed, or found out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.test_desk import copy_desk

pytestmark = pytest.mark.servers

BEGIN = """
import asyncio
from asok import TestClient
from wsgi import app
from models.person import Person, Role
from models.ticket import Ticket

PASSWORD = "tickets and tea at four"
CUSTOMER, AGENT, MANAGER = (
    f"{name}@example.com" for name in ("anneke.de.vries", "priya.raman", "ines.brandt")
)


def entered(email):
    client = TestClient(app)
    answer = client.submit(client.get("/login").form(), {"email": email, "password": PASSWORD})
    assert answer.headers["location"] == "/account", answer.text
    return client


def token(email, scopes):
    person = Person.find(email=email)
    text = asyncio.run(made(person, scopes))
    return {"Authorization": f"Bearer {text}"}


async def made(person, scopes):
    from asok_engine.database.running import run_async
    people = app.services.people
    return await run_async(people.bearers.create(person, "t", scopes, 900.0, people.clock()))


app.startup()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk in a folder of its own."""
    return copy_desk(tmp_path_factory.mktemp("attacks"))


def attack(folder: Path, text: str) -> None:
    """Run an attack in a process of its own; its assertions say what must hold."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", BEGIN + text + "\nprint('HELD')"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "HELD" in ran.stdout, ran.stdout + ran.stderr


def test_token_changes_nothing_outside_its_scopes(folder: Path) -> None:
    """A token that may look at tickets opens none, and leaves the profile alone; one for tickets opens one."""
    attack(
        folder,
        """
client = TestClient(app)
looking, writing = token(CUSTOMER, ["tickets.view"]), token(CUSTOMER, ["tickets.create"])
form = {"subject": "By a program", "text": "Hello", "priority": "2"}
count = Ticket.count()
assert client.get("/tickets", headers=looking).status_code == 200
assert client.get("/tickets/new", headers=looking).status_code == 403
assert client.post("/tickets/new", data=form, headers=looking).status_code == 403
assert client.post("/account", data={"name": "Stolen"}, headers=looking).status_code == 403
assert Person.find(email=CUSTOMER).name == "Anneke de Vries"
assert Ticket.count() == count
answer = client.post("/tickets/new", data=form, headers=writing)
assert (answer.status_code, Ticket.count()) == (303, count + 1), answer.text
""",
    )


def test_letters_do_not_tell_who_has_an_account(folder: Path) -> None:
    """Whoever has used up the sign-in letters of an address gets the same answer at sign-up for all of them."""
    attack(
        folder,
        """
seen = []
for email in (CUSTOMER, "nobody.at.all@example.com"):
    client = TestClient(app)
    asked = [client.submit(client.get("/auth/magic").form(), {"email": email}).status_code for _ in range(3)]
    form = {"name": "Mallory", "email": email, "password": "four tall birches"}
    asked.append(client.submit(client.get("/signup").form(), form).status_code)
    seen.append(asked)
assert seen[0] == seen[1], seen
""",
    )


def test_sign_up_hashes_once_whoever_has_the_address(folder: Path) -> None:
    """A hash is what takes time: nobody's address, one that waits for its proof, and one that was proven."""
    attack(
        folder,
        """
from asok_engine.security.passwords import Passwords
kept, hashes = Passwords.hash, []
Passwords.hash = lambda self, password: hashes.append(1) or kept(self, password)
counts = []
for email in ("first.time@example.com", "first.time@example.com", CUSTOMER):
    hashes.clear()
    client = TestClient(app)
    form = {"name": "Somebody", "email": email, "password": "four tall birches"}
    assert client.submit(client.get("/signup").form(), form).headers["location"] == "/auth/verify"
    counts.append(len(hashes))
assert counts == [1, 1, 1], counts
""",
    )


def test_signing_up_again_leaves_an_address_that_was_proven_meanwhile(folder: Path) -> None:
    """Its owner proves it between the look and the change of somebody else who signs up with it."""
    attack(
        folder,
        """
from datetime import UTC, datetime
from asok_engine.security.passwords import Passwords
email, form = "new.here@example.com", {"name": "Owner", "password": "four tall birches"}
client = TestClient(app)
client.submit(client.get("/signup").form(), {**form, "email": email})
before = Person.find(email=email)
kept, hashes = Passwords.hash, []


def slow(self, password):
    hashes.append(1)
    if len(hashes) == 1:
        Person.find(email=email).update(email_verified_at=datetime.now(UTC), _trust=True)
    return kept(self, password)


Passwords.hash = slow
client = TestClient(app)
stolen = {"name": "Mallory", "email": email, "password": "five short willows"}
answer = client.submit(client.get("/signup").form(), stolen)
Passwords.hash = kept
after = Person.find(email=email)
assert answer.headers["location"] == "/auth/verify"
assert len(hashes) == 1
assert after.email_verified_at is not None
assert (after.name, after.password.mark) == ("Owner", before.password.mark)
""",
    )


def test_manager_neither_switches_off_nor_becomes_an_admin(folder: Path) -> None:
    """Who has more rights is out of reach: to edit, and to act for; so are rights that a form makes up."""
    attack(
        folder,
        """
admin = Person.create(name="Root", email="root@example.com", is_admin=True, password=PASSWORD, _trust=True)
manager = Person.find(email=MANAGER)
client = entered(MANAGER)
page = client.get(f"/people/{admin.id}")
assert client.submit(page.form(), {"role": "customer", "is_active": None}).status_code == 403
answer = client.post(f"/people/{admin.id}", data={"_action": "impersonate", "csrf_token": page.form()["csrf_token"]})
assert answer.status_code == 403
assert Person.find(admin.id).is_active
for fields in ({"is_admin": "1"}, {"role": "manager"}, {"roles": "manager"}):
    client = entered(CUSTOMER)
    page = client.get("/account")
    client.post("/account", data={"name": "Anneke de Vries", "csrf_token": page.form()["csrf_token"], **fields})
    customer = Person.find(email=CUSTOMER)
    assert (customer.role, customer.is_admin) == (Role.CUSTOMER, False)
    assert client.get("/people").status_code == 403
    assert client.get(f"/people/{customer.id}").status_code == 403
""",
    )


def test_private_ticket_has_no_door_for_other_customers(folder: Path) -> None:
    """Page, answer, edit, file, lists, search: as if it were not there."""
    attack(
        folder,
        """
other = Person.create(name="Other", email="other@example.com", password=PASSWORD, _trust=True)
ticket = Ticket.create(subject="Very private matter", asked_by=other.name, customer_id=other.id, _trust=True)
for client in (entered(CUSTOMER), TestClient(app)):
    page = client.get("/tickets/new")
    for fields in ({"text": "Hi"}, {"_action": "edit", "edit_state": "solved"}, {"_action": "name", "name": "Ann"}):
        answer = client.post(f"/tickets/{ticket.id}", data={**fields, "csrf_token": page.form()["csrf_token"]})
        assert answer.status_code == 404, (fields, answer.status_code)
    for path in (f"/tickets/{ticket.id}", f"/tickets/{ticket.id}/attachments/1"):
        assert client.get(path).status_code == 404
    for path in ("/", "/tickets?q=private", "/report"):
        assert "Very private" not in client.get(path).text
""",
    )


def test_address_of_somebody_does_not_tell_their_name(folder: Path) -> None:
    """A stranger who gives it sees what they typed: on the page, in the list, by search and in the chat."""
    attack(
        folder,
        """
owner = Person.find(email=CUSTOMER)
stranger = TestClient(app)
given = {"subject": "Whose is this address", "text": "Tell me.", "priority": "2", "name": "Nosy Ned", "email": CUSTOMER}
answer = stranger.submit(stranger.get("/tickets/new").form(-1), given)
path = answer.headers["location"]
ticket = Ticket.find(path.rpartition("/")[2])
assert ticket.customer_id == owner.id, "the owner still finds it among their own"
for page in (stranger.get(path), stranger.get("/tickets?q=Whose+is+this"), stranger.get("/tickets?q=Nosy")):
    assert "Nosy Ned" in page, page.text
    assert owner.name not in page.text
listed = stranger.get("/tickets", params={"q": owner.name, "sort": "asked_by"})
assert f'href="{path}"' not in listed.text
mine = entered(CUSTOMER).get(path)
assert "Nosy Ned" in mine
""",
    )
