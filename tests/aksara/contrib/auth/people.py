"""People of an API and their tokens, for the tests of who calls it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

from aksara import fields
from aksara.contrib.auth import AbstractToken
from aksara.models import Model
from asok_engine.database.databases import databases
from asok_engine.database.running import run_one
from asok_engine.database.urls import parse_url
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw

__all__ = ["Member", "MemberToken", "make_tables"]


class Member(Model):
    """Somebody who calls the API."""

    email = fields.Email(unique=True)
    is_active = fields.Boolean(default=True)


class MemberToken(AbstractToken):
    """A token of a member."""

    user = fields.ForeignKey(Member, related_name="tokens", on_delete="CASCADE")
    user_id: uuid.UUID


def make_tables(folder: Path) -> Iterator[None]:
    """Make the tables in a file of the test's own, and close it afterwards."""
    databases.configure({"default": parse_url(f"sqlite:///{folder / 'people.sqlite3'}")})
    tables = [model.__description__.table for model in (Member, MemberToken)]
    for text in create_statements(tables, "sqlite"):
        run_one(Raw(text, returns="count", writes=True))
    yield
    databases.close()
