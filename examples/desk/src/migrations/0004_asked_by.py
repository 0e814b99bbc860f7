"""Add column tickets.asked_by, and fill it with who wrote the first message of each ticket."""

from asok.migrations import AddColumn, Column, Data, RunPython, string

dependencies = ["0003_access_tokens"]


def fill(data: Data) -> None:
    """Take the name that the ticket has shown with its first message."""
    data.execute(
        "UPDATE tickets SET asked_by = COALESCE("
        "(SELECT author FROM messages WHERE messages.ticket_id = tickets.id ORDER BY messages.id LIMIT 1), "
        "asked_by)"
    )


operations = [
    AddColumn("tickets", Column("asked_by", string(80)), fill="Somebody"),
    RunPython(fill, undo_with=RunPython.nothing),
]
