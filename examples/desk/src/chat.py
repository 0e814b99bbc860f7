"""The live side of tickets: a chat for each, with who is there and who is writing, and a list that moves.

Whoever has a ticket open hears what is written in it, whichever way it came: through
a socket, or by the plain form of the page. Only who gave a name, or is signed in, may
write, and only who may see a ticket hears it. Clients
tell each other that they are here, so it holds over several processes as well.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from models.message import Message
from models.ticket import Ticket

from asok import ModelError, WebSocketServer
from asok.auth import Principal
from asok.auth.visitor import principal_of
from asok_engine.database.levels import after_commit
from asok_engine.records.signals import post_save

ws = WebSocketServer()
ws.announce(Ticket)

LIST = "/live/tickets"
CHAT = "/live/tickets/[id:int]"


def room(ticket: int) -> str:
    """Give the name of the room in which everybody looks at one ticket."""
    return f"ticket:{ticket}"


def told(message: Message) -> dict[str, Any]:
    """Give what a page shows of a message."""
    return {
        "kind": "message",
        "id": message.id,
        "author": message.author,
        "text": message.text,
        "at": message.created_at.isoformat(),
    }


@post_save(Message)
def written(sender: type[Message], instance: Message, **more: Any) -> None:
    """Tell everybody of a message, once it is really there."""

    def tell() -> None:
        ws.broadcast_to_json(room(instance.ticket_id), told(instance))

    after_commit(tell)


@ws.on_connect(LIST)
async def look(conn):
    """Have the list hear of the tickets that its visitor may see, and of no others."""
    await conn.follow(Ticket, moved)


def moved(conn, news):
    """Tell the list which ticket has moved; it fetches the part that it shows."""
    conn.send_json({"ticket": news.key})


@ws.room_authorizer
def may_join(conn, name):
    """Let those into the room of a ticket who may see it; asked again when something about them changes."""
    return allowed(conn, "view").exists()


@ws.on_connect(CHAT)
async def came(conn):
    conn.ticket = int(conn.params["id"])
    conn.name = conn.session.get("name") if conn.session is not None else None
    if conn.user is not None:
        conn.name = conn.user.name
    # Not conn.id, which another process may count as well.
    conn.key = secrets.token_hex(8)
    # First, so that a ticket that is taken away meanwhile is noticed by one or the other.
    await conn.follow(Ticket.where(id=conn.ticket), changed)
    if not await asyncio.to_thread(conn.join, room(conn.ticket)):
        conn.close(1008, "There is no such ticket.")
        return
    # The newcomer hears who is here, because everybody answers to this with "here".
    news = {"kind": "came", "who": conn.name, "key": conn.key}
    ws.broadcast_to_json(room(conn.ticket), news, exclude=conn)


def changed(conn, news):
    """End the chat of somebody who may see its ticket no longer."""
    if news.kind == "deleted":
        conn.close(1008, "There is no such ticket.")


@ws.on(CHAT)
async def heard(conn, message):
    if room(conn.ticket) not in conn.rooms:
        conn.close(1008, "There is no such ticket.")
        return
    if not conn.name:
        return
    said = asked(message)
    if said.get("kind") == "message":
        await write(conn, said.get("text"))
    elif said.get("kind") in ("here", "writing"):
        news = {"kind": said["kind"], "who": conn.name, "key": conn.key}
        ws.broadcast_to_json(room(conn.ticket), news, exclude=conn)


def allowed(conn, action):
    """Give the query of the ticket of a connection, which finds nothing when this visitor may not do that."""
    principal = Principal() if conn.user is None else principal_of(conn.user)
    return Ticket.visible_to(principal, action).where(id=conn.ticket)


async def write(conn, text):
    """Save a message; its reader in the page is told what is wrong with it."""
    ticket = await allowed(conn, "write").first_async()
    if ticket is None:
        conn.send_json({"kind": "refused", "text": text, "why": "You may not write in this ticket."})
        return
    try:
        await ticket.write_async(conn.name, text.strip() if isinstance(text, str) else "", conn.user)
    except ModelError as error:
        conn.send_json({"kind": "refused", "text": text, "why": str(error)})


@ws.on_disconnect(CHAT)
def went(conn):
    ws.broadcast_to_json(room(conn.ticket), {"kind": "went", "who": conn.name, "key": conn.key})


@ws.on_gap
def missed(gap):
    """Have every page of this process look again; something was not heard."""
    for conn in ws.connections():
        conn.send_json({"kind": "missed"})


def asked(message: str | bytes) -> dict[str, Any]:
    """Give what a client said; nothing when it is no object."""
    try:
        said = json.loads(message)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
