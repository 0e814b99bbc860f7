CSRF = False


async def get(request):
    return "hello"


async def post(request):
    form = request.form
    user = await request.authenticate_async(email=form["email"], password=form["password"])
    if user is None:
        return "no"
    request.login(user)
    return "yes"
