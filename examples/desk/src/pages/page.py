from models.ticket import Priority, State, Ticket


async def get(request):
    unsolved = Ticket.query().unsolved()
    return request.html(
        "page.html",
        recent=await Ticket.query().join("customer", "agent").latest("updated_at").limit(4),
        open_count=await unsolved.count_async(),
        urgent_count=await unsolved.where(Ticket.priority >= Priority.HIGH).count_async(),
        solved_count=await Ticket.count_async(state=State.SOLVED),
    )
