from models.person import Person
from models.ticket import Priority, State, Ticket

from asok import Form


class NameForm(Form):
    name = Form.text(
        "Your name",
        "required|min:2|max:80",
        autocomplete="name",
        help="Others see it, and nobody checks it. Sign in to write under your own.",
    )


class MessageForm(Form):
    text = Form.textarea("Your message", "required|max:5000", rows=3, maxlength=5000)


async def opened(request):
    """Give the ticket of the address with all that its page shows, when the visitor may see it."""
    number = request.params["id"]
    ticket = await Ticket.find_async(number)
    if ticket is None or not await request.may_async("view", ticket):
        request.abort(404, f"There is no ticket {number}.")
    return await ticket.load_async("agent", "messages.attachments", "messages.writer")


def name_of(request):
    """Give the name under which this visitor writes: their own, else the one that they gave."""
    return request.user.name if request.user else request.session.get("name")


async def get(request):
    return await page(request, await opened(request))


async def post(request):
    ticket, name = await opened(request), name_of(request)
    form = MessageForm(request)
    if name and await form.validate_async():
        await request.authorise_async("write", ticket)
        message = await ticket.write_async(name, form.data["text"], request.user)
        request.redirect(f"/tickets/{ticket.id}#message-{message.id}", 303)
    return await page(request, ticket, message_form=form)


async def action_name(request):
    form = NameForm(request)
    ticket = await opened(request)
    if form.validate():
        request.session["name"] = form.data["name"]
        request.redirect(f"/tickets/{ticket.id}#chat", 303)
    return await page(request, ticket, name_form=form)


async def action_forget(request):
    request.session.pop("name", None)
    request.redirect(f"/tickets/{request.params['id']}#chat", 303)


async def action_edit(request):
    ticket = await opened(request)
    await request.authorise_async("edit", ticket)
    form = await edit_form(request, ticket)
    if await form.validate_async():
        # Trusted: the state is protected, and the policy has let this person edit it.
        await ticket.update_async(**form.data, _trust=True)
        request.flash("success", "Saved.")
        request.redirect(f"/tickets/{ticket.id}", 303)
    return await page(request, ticket, edit=form)


async def edit_form(request, ticket):
    """Give the form by which agents edit a ticket."""
    people = await Person.where(is_active=True).order_by("name").all_async()
    agents = [("", "Nobody yet"), *((each.id, each.name) for each in people if each.is_staff)]
    form = Form(
        {
            "state": Form.select("State", [(each, each.name.title()) for each in State], "required"),
            "priority": Form.select("Hurry", [(each, each.name.title()) for each in Priority], "required"),
            "agent_id": Form.select("Answered by", agents, empty=None),
        },
        request,
        prefix="edit_",
    )
    return form.fill(ticket)


async def page(request, ticket, **forms):
    request.meta.title(f"#{ticket.id} {ticket.subject}")
    shown = {"message_form": MessageForm(request), "name_form": NameForm(request), **forms}
    if "edit" not in shown and await request.may_async("edit", ticket):
        shown["edit"] = await edit_form(request, ticket)
    return request.html("page.html", ticket=ticket, me=name_of(request), **shown)
