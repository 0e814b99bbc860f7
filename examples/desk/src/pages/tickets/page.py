from tickets import STATUSES, all_tickets


async def get(request):
    wanted = request.query.get("status", "")
    text = request.query.get("q", "").strip().lower()
    if wanted and wanted not in STATUSES:
        request.abort(400, f"There is no status {wanted!r}; open, waiting and solved are.")
    found = [
        ticket
        for ticket in all_tickets()
        if (not wanted or ticket.status == wanted)
        and (not text or text in ticket.subject.lower() or text in ticket.customer.lower())
    ]
    return request.html("page.html", tickets=found, statuses=STATUSES, wanted=wanted, text=text)
