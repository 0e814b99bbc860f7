"""Asks for an email that signs in. The answer is the same for an address that nobody has."""

from models.person import Person

from asok import Form


class AddressForm(Form):
    email = Form.email("Email", "required|max:254", autocomplete="username")


async def render(request):
    form = AddressForm(request)
    if await form.validate_async():
        email = form.data["email"]
        person = await Person.find_async(email=email)
        # Why not for an address that is not proven: the account may have been made by somebody else.
        is_proven = person is None or person.email_verified_at is not None
        await (request.auth.magic if is_proven else request.auth.verification).send_async(email)
        request.flash("success", "If there is an account with this address, an email is on its way.")
        request.redirect("/auth/magic", 303)
    return request.html("page.html", form=form)
