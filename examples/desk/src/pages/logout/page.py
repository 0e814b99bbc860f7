"""Sign-out. A button, because a link could be followed by anybody's page."""


def get(request):
    if not request.user:
        request.redirect("/login")
    return request.html("page.html")


def post(request):
    request.logout()
    request.flash("success", "You are signed out.")
    request.redirect("/login", 303)
