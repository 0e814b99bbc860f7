from tickets import find_ticket


async def get(request):
    ticket = find_ticket(request.params["id"])
    if ticket is None:
        request.abort(404, f"There is no ticket {request.params['id']}.")
    request.meta.title(f"#{ticket.id} {ticket.subject}")
    return request.html("page.html", ticket=ticket)
