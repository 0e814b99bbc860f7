from models.ticket import Ticket


async def get(request):
    ticket = (
        await Ticket.with_("customer", "agent", "messages.attachments")
        .where(id=request.params["id"])
        .first_async()
    )
    if ticket is None:
        request.abort(404, f"There is no ticket {request.params['id']}.")
    request.meta.title(f"#{ticket.id} {ticket.subject}")
    return request.html("page.html", ticket=ticket)
