"""The second step of a sign-in: a code of the authenticator app, or one of the backup codes."""

from asok import Form


class CodeForm(Form):
    code = Form.text(
        "Code",
        "required|max:40",
        autocomplete="one-time-code",
        autocapitalize="none",
        spellcheck="false",
        help="The six digits that your app shows now, or one of your backup codes.",
    )


async def render(request):
    if not request.auth.codes.is_waiting:
        request.redirect("/login")
    form = CodeForm(request)
    if await form.validate_async():
        if await request.auth.codes.finish_async(form.data["code"]) is not None:
            request.redirect(request.next_url("/account"), 303)
        form.add_error("code", "This code is not right, or it was used already.")
    return request.html("page.html", form=form)
