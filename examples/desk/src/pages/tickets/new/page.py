from models.message import Attachment
from models.person import Person
from models.ticket import Ticket

from asok import Form

#: Subject and priority are fields of the model, the others are the form's own.
ORDER = ["subject", "text", "attachment", "priority", "name", "email"]


class TicketForm(Form):
    instant = True
    block_name = "main"

    text = Form.textarea("What happened?", "required|max:5000", rows=7)
    attachment = Form.file(
        "Attachment", "ext:png,jpg,pdf,txt|size:2M", help="PNG, JPEG, PDF or text, at most 2 MB."
    )
    name = Form.text("Your name", "required|min:2|max:80", autocomplete="name")
    email = Form.email("Your e-mail", "required|email|max:254", autocomplete="email")


async def render(request):
    form = TicketForm.from_model(Ticket, request, include_fields=ORDER)
    if await form.validate_async():
        ticket = await opened(form.data)
        request.redirect(f"/tickets/{ticket.id}", 303)
    request.meta.title("New ticket")
    return request.html("page.html", form=form)


async def opened(data):
    """Save a ticket with its first message, its customer and its file."""
    file = data.get("attachment")
    # Private: nothing serves it but the page of its ticket.
    path = file and await file.save_async("tickets/", private=True)
    async with Ticket.transaction():
        customer = await Person.find_async(email=data["email"])
        if customer is None:
            customer = await Person.create_async(name=data["name"], email=data["email"])
        ticket = await Ticket.create_async(
            subject=data["subject"], priority=data["priority"], customer_id=customer.id
        )
        ticket.customer = customer
        message = await ticket.write_async(customer.name, data["text"])
        if file is not None:
            await Attachment.create_async(
                message_id=message.id, name=file.filename, path=path, size=file.size
            )
    return ticket
