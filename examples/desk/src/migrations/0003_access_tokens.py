"""Tokens by which programs act for people."""

from asok.migrations import (
    Column,
    CreateTable,
    ForeignKey,
    Index,
    Table,
    Unique,
    bigint,
    datetime,
    json,
    string,
)

dependencies = ["0002_accounts"]

operations = [
    CreateTable(
        Table(
            "access_tokens",
            (
                Column("id", bigint(), autoincrement=True),
                Column("name", string(100)),
                Column("digest", string(64)),
                Column("scopes", json(), nullable=True),
                Column("created_at", datetime()),
                Column("expires_at", datetime(), nullable=True),
                Column("last_used_at", datetime(), nullable=True),
                Column("revoked_at", datetime(), nullable=True),
                Column("user_id", bigint()),
            ),
            indexes=(Index(("user_id",)),),
            uniques=(Unique(("digest",)),),
            foreign_keys=(ForeignKey(("user_id",), "people", on_delete="cascade"),),
        ),
    ),
]
