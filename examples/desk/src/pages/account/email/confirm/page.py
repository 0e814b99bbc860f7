"""Where the link in the email to another address leads."""

from asok.exceptions import TokenRefused


def get(request):
    return request.html("page.html", token=request.query.get("token", ""))


async def post(request):
    try:
        await request.auth.address.verify_token_async(request.form.get("token", ""))
    except TokenRefused as refused:
        request.flash("error", str(refused))
    else:
        request.flash("success", "Your email was changed.")
    request.redirect("/account" if request.user else "/login", 303)
