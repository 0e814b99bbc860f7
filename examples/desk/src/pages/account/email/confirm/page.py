"""Where the link in the email to another address leads.

Why only for who is signed in: whoever typed the address may have mistyped it, and then a
stranger reads the email.
"""

from asok.exceptions import TokenRefused


def get(request):
    # Leads to sign in, and then back here with the link.
    request.require_auth()
    return request.html("page.html", token=request.query.get("token", ""))


async def post(request):
    request.require_auth()
    try:
        await request.auth.address.verify_token_async(request.form.get("token", ""))
    except TokenRefused as refused:
        request.flash("error", str(refused))
    else:
        request.flash("success", "Your email was changed.")
    request.redirect("/account", 303)
