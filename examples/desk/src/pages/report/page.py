from models.ticket import Ticket


def lines(principal):
    yield "Report of the desk\n==================\n\n"
    # A stream has few tickets in memory at a time, however many there are.
    for ticket in Ticket.visible_to(principal).order_by("id").stream():
        yield f"#{ticket.id:<5} {ticket.state:8}  {ticket.priority!s:7}  {ticket.subject}\n"
    yield "\nEnd of report.\n"


def get(request):
    return request.stream(lines(request.principal), content_type="text/plain; charset=utf-8")
