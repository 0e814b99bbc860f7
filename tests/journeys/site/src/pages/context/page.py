from asok import current_request


def name():
    return current_request.path


async def get(request):
    return request.text(name())


def post(request):
    return request.text(name())
