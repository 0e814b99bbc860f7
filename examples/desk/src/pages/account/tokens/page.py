"""Access tokens: by them programs act for a person. Each is shown once."""

from asok import Form

DAYS = [("30", "30 days"), ("90", "90 days"), ("365", "A year")]


class TokenForm(Form):
    name = Form.text(
        "Name", "required|max:80", autocomplete="off", help="What it is for, so that you know it again."
    )
    days = Form.select("Good for", DAYS, "required", default="90")


async def get(request):
    ready(request)
    return await shown(request)


async def post(request):
    ready(request)
    form, token = TokenForm(request), None
    if await form.validate_async():
        seconds = int(form.data["days"]) * 86_400
        token = await request.auth.token.create_async(name=form.data["name"], expires_in=seconds)
        form.reset()
    return await shown(request, form, token)


async def action_revoke(request):
    ready(request)
    await request.auth.token.revoke_async(request.form.get("id", ""))
    request.flash("success", "The token was revoked.")
    request.redirect("/account/tokens", 303)


def ready(request):
    """Go on for somebody who has just shown that it is they."""
    request.require_auth()
    request.auth.require_sudo()


async def shown(request, form=None, token=None):
    tokens = await request.auth.token.list_async()
    return request.html("page.html", tokens=tokens, form=form or TokenForm(request), token=token)
