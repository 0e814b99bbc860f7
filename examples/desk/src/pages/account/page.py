"""The profile of who is signed in."""

from asok import Form
from asok.exceptions import ForbiddenError


class ProfileForm(Form):
    name = Form.text("Name", "required|max:80", autocomplete="name")


async def render(request):
    request.require_auth()
    form = ProfileForm(request).fill(request.user)
    if await form.validate_async():
        if request.user.scopes is not None:
            raise ForbiddenError("A token with scopes does not reach your profile.")
        await request.user.update_async(name=form.data["name"])
        request.flash("success", "Saved.")
        request.redirect("/account", 303)
    return request.html("page.html", form=form)
