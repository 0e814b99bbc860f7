from models.message import Attachment
from models.ticket import Ticket


def get(request):
    Ticket.visible_to(request.principal).where(id=request.params["id"]).first_or_fail()
    # Both numbers have to fit: an attachment is there below its own ticket only.
    attachment = Attachment.where(
        id=request.params["number"], message__ticket_id=request.params["id"]
    ).first_or_fail()
    return request.send_file(attachment.path, filename=attachment.name)
