from tickets import PRIORITIES, Attachment, add_ticket

from asok import Form


class TicketForm(Form):
    instant = True
    block_name = "main"

    customer = Form.text("Your name", "required|min:2|max:80", autocomplete="name")
    subject = Form.text("Subject", "required|min:5|max:120")
    priority = Form.radio(
        "How urgent is it?", [(each, each.title()) for each in PRIORITIES], "required", default="normal"
    )
    text = Form.textarea("What happened?", "required|max:5000", rows=7)
    attachment = Form.file(
        "Attachment", "ext:png,jpg,pdf,txt|size:2M", help="PNG, JPEG, PDF or text, at most 2 MB."
    )


async def render(request):
    form = TicketForm(request)
    if await form.validate_async():
        data = form.data
        file = data.pop("attachment", None)
        kept = None
        if file is not None:
            # Private: nothing serves it but the page of its ticket.
            kept = Attachment(file.filename, await file.save_async("tickets/", private=True))
        ticket = add_ticket(**data, attachment=kept)
        request.redirect(f"/tickets/{ticket.id}", 303)
    request.meta.title("New ticket")
    return request.html("page.html", form=form)
