from models.message import Attachment
from models.person import Person
from models.ticket import Ticket

from asok import Form

#: Subject, priority and is_public are fields of the model, the others are the form's own.
ORDER = ["subject", "text", "attachment", "priority", "is_public"]
FOR_STRANGERS = [*ORDER[:-1], "name", "email"]


class TicketForm(Form):
    instant = True
    block_name = "main"

    text = Form.textarea("What happened?", "required|max:5000", rows=7)
    attachment = Form.file(
        "Attachment", "ext:png,jpg,pdf,txt|size:2M", help="PNG, JPEG, PDF or text, at most 2 MB."
    )


class StrangerForm(TicketForm):
    """Somebody without an account says who they are; nobody can show later that such a ticket is theirs."""

    name = Form.text("Your name", "required|min:2|max:80", autocomplete="name")
    email = Form.email("Your email", "required|email|max:254", autocomplete="email")


async def render(request):
    await request.authorise_async("create", Ticket)
    kind, names = (TicketForm, ORDER) if request.user else (StrangerForm, FOR_STRANGERS)
    form = kind.from_model(Ticket, request, include_fields=names)
    if await form.validate_async():
        ticket = await opened(form.data, request.user)
        request.redirect(f"/tickets/{ticket.id}", 303)
    request.meta.title("New ticket")
    return request.html("page.html", form=form)


async def opened(data, user):
    """Save a ticket with its first message, its customer and its file."""
    file = data.get("attachment")
    # Private: nothing serves it but the page of its ticket.
    path = file and await file.save_async("tickets/", private=True)
    async with Ticket.transaction():
        customer, name = (user, user.name) if user else (await stranger(data), data["name"])
        ticket = await Ticket.create_async(
            subject=data["subject"],
            priority=data["priority"],
            customer_id=customer.id,
            asked_by=name,
            is_public=data.get("is_public", user is None),
            _trust=True,
        )
        message = await ticket.write_async(name, data["text"], user)
        if file is not None:
            await Attachment.create_async(
                message_id=message.id, name=file.filename, path=path, size=file.size
            )
    return ticket


async def stranger(data):
    """Give the person with this address, who has not shown that it is theirs."""
    person = await Person.find_async(email=data["email"])
    return person or await Person.create_async(name=data["name"], email=data["email"])
