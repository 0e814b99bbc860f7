"""The profile of who is signed in."""

from asok import Form


class ProfileForm(Form):
    name = Form.text("Name", "required|max:80", autocomplete="name")


async def render(request):
    request.require_auth()
    form = ProfileForm(request).fill(request.user)
    if await form.validate_async():
        await request.user.update_async(name=form.data["name"])
        request.flash("success", "Saved.")
        request.redirect("/account", 303)
    return request.html("page.html", form=form)
