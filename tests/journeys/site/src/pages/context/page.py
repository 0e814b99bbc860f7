from asok import current_request

# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


def name():
    return current_request.path


async def get(request):
    return request.text(name())


def post(request):
    return request.text(name())
