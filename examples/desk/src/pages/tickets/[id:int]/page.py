from models.ticket import Ticket

from asok import Form


class NameForm(Form):
    name = Form.text(
        "Your name",
        "required|min:2|max:80",
        autocomplete="name",
        help="Others see it. There is no sign-in yet, so nobody checks it.",
    )


class MessageForm(Form):
    text = Form.textarea("Your message", "required|max:5000", rows=3, maxlength=5000)


async def opened(request):
    """Give the ticket of the address with all that its page shows."""
    number = request.params["id"]
    ticket = await Ticket.find_async(number)
    if ticket is None:
        request.abort(404, f"There is no ticket {number}.")
    return await ticket.load_async("customer", "agent", "messages.attachments")


async def get(request):
    return page(request, await opened(request))


async def post(request):
    ticket, name = await opened(request), request.session.get("name")
    form = MessageForm(request)
    if name and await form.validate_async():
        message = await ticket.write_async(name, form.data["text"])
        request.redirect(f"/tickets/{ticket.id}#message-{message.id}", 303)
    return page(request, ticket, message_form=form)


async def action_name(request):
    form = NameForm(request)
    ticket = await opened(request)
    if form.validate():
        request.session["name"] = form.data["name"]
        request.redirect(f"/tickets/{ticket.id}#chat", 303)
    return page(request, ticket, name_form=form)


async def action_forget(request):
    request.session.pop("name", None)
    request.redirect(f"/tickets/{request.params['id']}#chat", 303)


def page(request, ticket, **forms):
    request.meta.title(f"#{ticket.id} {ticket.subject}")
    shown = {"message_form": MessageForm(request), "name_form": NameForm(request), **forms}
    return request.html("page.html", ticket=ticket, me=request.session.get("name"), **shown)
