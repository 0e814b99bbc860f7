from tickets import find_ticket


def get(request):
    ticket = find_ticket(request.params["id"])
    number = request.params["number"]
    if ticket is None or not 1 <= number <= len(ticket.messages):
        request.abort(404)
    attachment = ticket.messages[number - 1].attachment
    if attachment is None:
        request.abort(404)
    return request.send_file(attachment.path, filename=attachment.name)
