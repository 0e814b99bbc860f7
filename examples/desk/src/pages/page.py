from models.ticket import Priority, State, Ticket


async def get(request):
    seen = Ticket.visible_to(request.principal)
    unsolved = seen.unsolved()
    return request.html(
        "page.html",
        recent=await seen.join("customer", "agent").latest("updated_at").limit(4),
        open_count=await unsolved.count_async(),
        urgent_count=await unsolved.where(Ticket.priority >= Priority.HIGH).count_async(),
        solved_count=await seen.where(state=State.SOLVED).count_async(),
    )
