import time

from tickets import all_tickets


def lines():
    yield "Report of the desk\n==================\n\n"
    for ticket in all_tickets():
        yield f"#{ticket.id}  {ticket.status:8}  {ticket.priority:7}  {ticket.subject}\n"
        time.sleep(0.05)
    yield "\nEnd of report.\n"


def get(request):
    return request.stream(lines(), content_type="text/plain; charset=utf-8")
