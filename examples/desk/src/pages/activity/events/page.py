import asyncio

from tickets import all_tickets


async def happenings():
    for ticket in sorted(all_tickets(), key=lambda ticket: ticket.opened):
        for message in ticket.messages:
            yield {
                "ticket": ticket.id,
                "subject": ticket.subject,
                "author": message.author,
                "at": message.at.isoformat(),
            }
            await asyncio.sleep(0.4)
    while True:
        await asyncio.sleep(15)
        yield {"quiet": True}


async def get(request):
    return request.events(happenings(), retry_ms=3000)
