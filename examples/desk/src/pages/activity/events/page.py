import asyncio

from models.message import Message
from models.ticket import Ticket

# Then the page asks again: whoever has signed out, or lost a right, is told nothing more.
SECONDS, PAUSE = 300, 2


def told(message):
    """Give what the page shows of a message."""
    return {
        "ticket": message.ticket_id,
        "subject": message.ticket.subject,
        "author": message.author,
        "at": message.created_at.isoformat(),
    }


async def happenings(principal):
    # The policy is that of the tickets, asked by the database each time.
    seen = Ticket.visible_to(principal).select("id")
    messages = Message.where_in("ticket_id", seen).join("ticket")
    latest = await messages.latest().limit(20)
    for message in reversed(latest):
        yield told(message)
    last = max((message.id for message in latest), default=0)
    for _ in range(SECONDS // PAUSE):
        await asyncio.sleep(PAUSE)
        for message in await messages.where(Message.id > last).order_by("id"):
            last = message.id
            yield told(message)


async def get(request):
    return request.events(happenings(request.principal), retry_ms=3000)
