"""Asks once more who it is, before something that matters."""

from asok import Form


class PasswordForm(Form):
    # Only shown: a password manager keeps a password with its address.
    email = Form.email("Email", readonly=True, autocomplete="username")
    password = Form.password("Password", "required", autocomplete="current-password")
    next = Form.hidden()


class CodeForm(Form):
    code = Form.text(
        "Code",
        "required|max:40",
        autocomplete="one-time-code",
        autocapitalize="none",
        spellcheck="false",
        help="The six digits that your app shows now, or one of your backup codes.",
    )
    next = Form.hidden()


async def render(request):
    request.require_auth()
    form = (PasswordForm if request.user.password else CodeForm)(request).fill(
        email=request.user.email, next=request.next_url("")
    )
    if await form.validate_async():
        given = {name: value for name, value in form.data.items() if name in ("password", "code")}
        if await request.auth.confirm_async(**given):
            request.redirect(request.next_url("/account"), 303)
        form.add_error(next(iter(given)), "This is not right.")
    return request.html("page.html", form=form)
