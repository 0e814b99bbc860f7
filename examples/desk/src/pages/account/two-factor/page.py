"""The second step of a sign-in: turn it on with an authenticator app, or off; codes for the day without."""

from asok import Form


class CodeForm(Form):
    code = Form.otp("Code", "required", help="The six digits that the app shows now.")


def get(request):
    ready(request)
    return shown(request)


async def post(request):
    ready(request)
    form = CodeForm(request)
    if await form.validate_async():
        codes = await request.auth.codes.confirm_async(form.data["code"])
        if codes is not None:
            return request.html("_codes.html", codes=codes)
        form.add_error("code", "This code is not right. Check the clock of your device.")
    return shown(request, form)


async def action_codes(request):
    ready(request)
    return request.html("_codes.html", codes=await request.auth.codes.new_backup_codes_async())


async def action_off(request):
    ready(request)
    await request.auth.codes.turn_off_async()
    request.flash("success", "Two-factor authentication is off.")
    request.redirect("/account/two-factor", 303)


def ready(request):
    """Go on for somebody who has just shown that it is they."""
    request.require_auth()
    request.auth.require_sudo()


def shown(request, form=None):
    codes = request.auth.codes
    setup = None if codes.is_on else codes.begin()
    return request.html("page.html", codes=codes, setup=setup, form=form or CodeForm(request))
