"""Verifies an address: by the link of an email together with the password, or by sending another one.

Why the password as well: somebody else may have made an account with this address, and
waits for its owner to open the link.
"""

from asok import Form
from asok.exceptions import TokenRefused


class ProofForm(Form):
    token = Form.hidden()
    email = Form.email("Email", "required|max:254", autocomplete="username")
    password = Form.password("Password", "required", autocomplete="current-password")


class AddressForm(Form):
    email = Form.email("Email", "required|max:254", autocomplete="username")


def get(request):
    token = request.query.get("token")
    if token:
        return request.html("_prove.html", form=ProofForm(request).fill(token=token))
    return request.html("page.html", form=AddressForm(request))


async def post(request):
    form = ProofForm(request)
    if await form.validate_async():
        data = form.data
        user = await request.authenticate_async(email=data["email"], password=data["password"])
        if user is not None:
            await prove(request, user, data["token"])
        form.add_error("password", "Wrong email or password.")
    return request.html("_prove.html", form=form)


async def prove(request, user, token):
    """Use the link up and sign in, or say what is wrong with it."""
    try:
        person = await request.auth.verification.verify_token_async(token)
    except TokenRefused as refused:
        request.flash("error", str(refused))
        request.redirect("/auth/verify", 303)
    if person.pk != user.pk:
        request.flash("error", "This link belongs to another account.")
        request.redirect("/auth/verify", 303)
    request.flash("success", "Thank you, your email is verified.")
    request.login(person)
    request.redirect("/account", 303)


async def action_send(request):
    form = AddressForm(request)
    if await form.validate_async():
        await request.auth.verification.send_async(form.data["email"])
        request.flash("success", "If there is an account with this address, an email is on its way.")
        request.redirect("/auth/verify", 303)
    return request.html("page.html", form=form)
