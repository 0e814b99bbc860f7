"""Another password for who is signed in; it ends their other sessions."""

from asok import Form, ModelError
from asok.exceptions import ValidationError


class PasswordForm(Form):
    # Only shown: a password manager keeps a password with its address.
    email = Form.email("Email", readonly=True, autocomplete="username")
    password = Form.password(
        "New password",
        "required",
        autocomplete="new-password",
        help="At least 8 characters; a few words in a row are good. Nothing that is easy to guess.",
    )


async def render(request):
    request.require_auth()
    request.auth.require_sudo()
    form = PasswordForm(request).fill(email=request.user.email)
    if await form.validate_async():
        try:
            await request.change_password_async(form.data["password"])
        except (ModelError, ValidationError) as error:
            form.add_error("password", f"This password {next(iter(error.errors.values()))[0]}.")
        else:
            request.flash("success", "Your password was changed, and you are signed out everywhere else.")
            request.redirect("/account", 303)
    return request.html("page.html", form=form)
