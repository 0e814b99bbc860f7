# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


async def get(request):
    request.header("X-Kept", "yes")
    request.set_cookie("seen", "1")
    return request.redirect("/hello?from=redirect")


def post(request):
    return request.redirect("/hello", status=303)
