"""Where the link of an email leads. Programs open links too, so a button says that a person meant it."""

from asok.exceptions import TokenRefused


def get(request):
    return request.html("page.html", token=request.query.get("token", ""))


async def post(request):
    try:
        user = await request.auth.magic.verify_token_async(request.form.get("token", ""))
    except TokenRefused as refused:
        request.flash("error", str(refused))
        request.redirect("/auth/magic", 303)
    request.login(user)
    request.redirect("/account", 303)
