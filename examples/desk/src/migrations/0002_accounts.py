"""People can sign in: accounts, passkeys, tickets that are not for everybody."""

from asok.migrations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    Column,
    CreateTable,
    ForeignKey,
    Index,
    Table,
    Unique,
    bigint,
    binary,
    boolean,
    datetime,
    integer,
    json,
    string,
    text,
)

dependencies = ["0001_desk"]

operations = [
    CreateTable(
        Table(
            "passkeys",
            (
                Column("id", bigint(), autoincrement=True),
                Column("name", string(100)),
                Column("credential_id", string(1400)),
                Column("credential_hash", string(64)),
                Column("public_key", binary()),
                Column("sign_count", bigint()),
                Column("user_handle", string(100)),
                Column("transports", json()),
                Column("aaguid", string(36)),
                Column("is_backed_up", boolean()),
                Column("created_at", datetime()),
                Column("last_used_at", datetime(), nullable=True),
                Column("user_id", bigint()),
            ),
            indexes=(Index(("user_id",)),),
            uniques=(Unique(("credential_hash",)),),
            foreign_keys=(ForeignKey(("user_id",), "people", on_delete="cascade"),),
        ),
    ),
    AddColumn("messages", Column("author_id", bigint(), nullable=True)),
    AddColumn("people", Column("password", string(255), nullable=True)),
    AddColumn("people", Column("is_active", boolean()), fill=True),
    AddColumn("people", Column("is_admin", boolean()), fill=False),
    AddColumn("people", Column("email_verified_at", datetime(), nullable=True)),
    AddColumn("people", Column("link_number", integer()), fill=0),
    AddColumn("people", Column("totp_secret", text(), nullable=True)),
    AddColumn("people", Column("totp_step", integer()), fill=-1),
    AddColumn("people", Column("backup_codes", json()), fill="[]"),
    AddColumn("people", Column("code_number", integer()), fill=0),
    AddColumn("people", Column("permissions", json()), fill="[]"),
    # Everybody could read the tickets that are there.
    AddColumn("tickets", Column("is_public", boolean()), fill=True),
    AddIndex("messages", Index(("author_id",))),
    AddConstraint("messages", ForeignKey(("author_id",), "people", on_delete="set null")),
]
