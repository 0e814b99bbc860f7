"""Another password for who forgot theirs: asks for an email, and takes the password by its link."""

from asok import Form, ModelError
from asok.exceptions import TokenRefused


class AddressForm(Form):
    email = Form.email("Email", "required|max:254", autocomplete="username")


class PasswordForm(Form):
    token = Form.hidden()
    password = Form.password(
        "New password",
        "required",
        autocomplete="new-password",
        help="At least 8 characters; a few words in a row are good. Nothing that is easy to guess.",
    )
    revoke = Form.checkbox(
        "Revoke my access tokens too", help="If somebody else may have had your password, do."
    )


def get(request):
    token = request.query.get("token")
    if token:
        return request.html("_choose.html", form=PasswordForm(request).fill(token=token))
    return request.html("page.html", form=AddressForm(request))


async def post(request):
    form = PasswordForm(request)
    if await form.validate_async():
        data = form.data
        try:
            person = await request.auth.reset.change_password_async(
                data["token"], data["password"], revoke_tokens=data["revoke"]
            )
        except TokenRefused as refused:
            request.flash("error", str(refused))
            request.redirect("/auth/reset", 303)
        except ModelError as error:
            form.add_error("password", f"This password {next(iter(error.errors.values()))[0]}.")
        else:
            request.flash("success", "Your password was changed. Sign in with it.")
            others = await request.auth.other_ways_async(person)
            if others:
                request.flash(
                    "info", f"Your account can still be opened with {others}. Sign in to look them over."
                )
            request.redirect("/login", 303)
    return request.html("_choose.html", form=form)


async def action_send(request):
    form = AddressForm(request)
    if await form.validate_async():
        await request.auth.reset.send_async(form.data["email"])
        request.flash("success", "If there is an account with this address, an email is on its way.")
        request.redirect("/auth/reset", 303)
    return request.html("page.html", form=form)
