"""Create table people; create table tickets; create table messages; and more."""

from asok.migrations import (
    Column,
    CreateTable,
    ForeignKey,
    Index,
    Table,
    Unique,
    bigint,
    datetime,
    enum,
    integer,
    string,
    text,
)

dependencies = []

operations = [
    CreateTable(
        Table(
            "people",
            (
                Column("id", bigint(), autoincrement=True),
                Column("name", string(80)),
                Column("email", string(254)),
                Column("role", enum("customer", "agent")),
                Column("created_at", datetime()),
            ),
            uniques=(Unique(("email",)),),
        ),
    ),
    CreateTable(
        Table(
            "tickets",
            (
                Column("id", bigint(), autoincrement=True),
                Column("subject", string(120)),
                Column("customer_id", bigint()),
                Column("agent_id", bigint(), nullable=True),
                Column("state", enum("open", "waiting", "solved")),
                Column("priority", integer()),
                Column("message_count", integer()),
                Column("created_at", datetime()),
                Column("updated_at", datetime()),
            ),
            indexes=(
                Index(("customer_id",)),
                Index(("agent_id",)),
                Index(("state",)),
                Index(("priority",)),
                Index(("created_at",)),
                Index(("updated_at",)),
            ),
            foreign_keys=(
                ForeignKey(("customer_id",), "people", on_delete="restrict"),
                ForeignKey(("agent_id",), "people", on_delete="set null"),
            ),
        ),
    ),
    CreateTable(
        Table(
            "messages",
            (
                Column("id", bigint(), autoincrement=True),
                Column("ticket_id", bigint()),
                Column("author", string(80)),
                Column("text", text()),
                Column("created_at", datetime()),
            ),
            indexes=(Index(("ticket_id",)), Index(("created_at",))),
            foreign_keys=(ForeignKey(("ticket_id",), "tickets", on_delete="cascade"),),
        ),
    ),
    CreateTable(
        Table(
            "attachments",
            (
                Column("id", bigint(), autoincrement=True),
                Column("message_id", bigint()),
                Column("name", string(255)),
                Column("path", string(255)),
                Column("size", integer()),
                Column("created_at", datetime()),
            ),
            indexes=(Index(("message_id",)),),
            foreign_keys=(ForeignKey(("message_id",), "messages", on_delete="cascade"),),
        ),
    ),
]
