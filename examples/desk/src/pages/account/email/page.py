"""Another email address: an email goes to it, and its link makes it the address of the account."""

from asok import Form


class AddressForm(Form):
    email = Form.email("New email", "required|max:254", autocomplete="email")


async def render(request):
    request.require_auth()
    request.auth.require_sudo()
    form = AddressForm(request)
    if await form.validate_async():
        await request.auth.address.send_async(form.data["email"])
        request.flash("success", f"Open the link in our email to {form.data['email']}.")
        request.redirect("/account/email", 303)
    return request.html("page.html", form=form)
