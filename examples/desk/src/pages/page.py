from tickets import all_tickets


async def get(request):
    tickets = all_tickets()
    waiting = [ticket for ticket in tickets if ticket.status != "solved"]
    urgent = [ticket for ticket in waiting if ticket.priority in ("urgent", "high")]
    return request.html(
        "page.html",
        recent=tickets[:4],
        open_count=len(waiting),
        urgent_count=len(urgent),
        solved_count=len(tickets) - len(waiting),
    )
