# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


async def get(request):
    request.abort(int(request.query.get("code", "403")), "stopped on purpose")


def post(request):
    request.not_found("nothing to post to")
