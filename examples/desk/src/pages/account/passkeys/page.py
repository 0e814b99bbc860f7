"""Passkeys: keys on devices, which sign in without a password."""

from asok import Form


class NameForm(Form):
    name = Form.text("Name of the device", "max:100", autocomplete="off", help="So that you know it again.")


async def get(request):
    ready(request)
    return request.html(
        "page.html", form=NameForm(request), passkeys=await request.auth.passkeys.list_async()
    )


async def action_delete(request):
    ready(request)
    await request.auth.passkeys.delete_async(request.form.get("id", ""))
    request.flash("success", "The passkey was removed.")
    request.redirect("/account/passkeys", 303)


def ready(request):
    """Go on for somebody who has just shown that it is they."""
    request.require_auth()
    request.auth.require_sudo()
