"""Sign-up: makes an account, and sends an email that verifies its address.

The answer is the same for an address that has an account already: only its owner
learns of that, in the email.
"""

from models.person import Person

from asok import Form, ModelError
from asok.auth import Letter
from asok.orm.errors import NotUnique

TAKEN = Letter(
    "You already have an account",
    "Somebody, perhaps you, tried to sign up with this email, which has an account already.\n"
    "Open this link to sign in. It works once, for {minutes} minutes.\n\n{link}\n\n"
    "If it was not you, you can ignore this email.\n",
)


class SignUpForm(Form):
    name = Form.text("Name", "required|max:80", autocomplete="name")
    email = Form.email("Email", "required|max:254", autocomplete="username")
    password = Form.password(
        "Password",
        "required|password_strength",
        autocomplete="new-password",
        help="At least 8 characters; a few words in a row are good. Nothing that is easy to guess.",
    )


async def render(request):
    if request.user:
        request.redirect("/account")
    form = SignUpForm(request)
    if await form.validate_async() and await sign_up(request, form):
        request.flash("success", f"We have sent an email to {form.data['email']}. Open the link in it.")
        request.redirect("/auth/verify", 303)
    return request.html("page.html", form=form)


async def sign_up(request, form):
    """Make the account and send an email; tell whether that could be done."""
    data = form.data
    person = Person(name=data["name"], email=data["email"], password=data["password"])
    try:
        await person.save_async()
    except NotUnique:
        # Nobody has proven the address yet, so whoever asks last and reads its mail gets the account.
        # In one statement, so that it cannot be proven between a look and the change; with the hash that
        # there is, because a second one would tell by its time that there is an account.
        unproven = Person.where(email=data["email"], email_verified_at=None)
        if not await unproven.update_async(name=data["name"], password=person.password):
            await request.auth.magic.send_async(data["email"], letter=TAKEN)
            return True
    except ModelError as error:
        for name, messages in error.errors.items():
            form.add_error(name, f"This {name} {messages[0]}.")
        return False
    await request.auth.verification.send_async(data["email"])
    return True
