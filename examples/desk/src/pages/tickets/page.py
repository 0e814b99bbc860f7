from urllib.parse import urlencode

from models.ticket import Priority, State, Ticket

from asok import Form

SORTS = [
    ("-updated_at", "Last change"),
    ("-created_at", "Newest"),
    ("created_at", "Oldest"),
    ("-priority", "Most urgent"),
    ("subject", "Subject"),
    ("asked_by", "Customer"),
]


class Filter(Form):
    q = Form.search("Search", "max:100", placeholder="Subject or customer")
    state = Form.select("State", [("", "All"), *((each.value, each.name.title()) for each in State)])
    priority = Form.select("Priority", [("", "All"), *((str(each), each.name.title()) for each in Priority)])
    sort = Form.select("Order", SORTS, default="-updated_at")


async def get(request):
    form = Filter(request, method="get")
    unknown = set(request.query) - {"q", "state", "priority", "sort", "page"}
    if unknown:
        request.abort(400, f"Tickets cannot be asked for by {min(unknown)[:40]!r}.")
    asked = form.data if form.validate() else {}
    if form.errors:
        request.abort(400, "The list cannot be asked for in this way.")
    tickets = Ticket.visible_to(request.principal).join("agent").order_by(asked.get("sort") or "-updated_at")
    if asked.get("q"):
        tickets = tickets.mentioning(asked["q"])
    if asked.get("state"):
        tickets = tickets.where(state=State(asked["state"]))
    if asked.get("priority"):
        tickets = tickets.where(priority=Priority[asked["priority"].upper()])
    page = await tickets.paginate_async(request.query.get("page", 1), 10)
    if page.current_page > 1 and not page.items:
        request.abort(404, f"The list has no page {page.current_page}.")
    kept = {name: value for name, value in asked.items() if value}

    def address(number):
        """Give the address of another page of the same list."""
        return f"/tickets?{urlencode({**kept, 'page': number})}"

    return request.html("page.html", form=form, page=page, address=address)
