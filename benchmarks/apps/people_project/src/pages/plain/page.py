CSRF = False


def get(request):
    return "hello"


def post(request):
    form = request.form
    user = request.authenticate(email=form["email"], password=form["password"])
    if user is None:
        return "no"
    request.login(user)
    return "yes"
