"""Sign-in with a password, and the way to the other ones."""

from asok import Form


class SignInForm(Form):
    # `webauthn` lets a browser offer a passkey where it offers the address.
    email = Form.email("Email", "required|max:254", autocomplete="username webauthn")
    password = Form.password("Password", "required", autocomplete="current-password")
    remember = Form.checkbox("Keep me signed in on this device")
    next = Form.hidden()


async def render(request):
    if request.user:
        request.redirect(request.next_url("/account"))
    form = SignInForm(request).fill(next=request.next_url(""))
    if await form.validate_async():
        data = form.data
        user = await request.authenticate_async(email=data["email"], password=data["password"])
        if user is None:
            form.add_error("password", "Wrong email or password.")
        elif user.email_verified_at is None:
            request.flash("error", "Please open the link in our email first, or ask for another.")
            request.redirect("/auth/verify", 303)
        else:
            # Leads to /login/code by itself when there is a second step.
            request.login(user, remember=data["remember"])
            request.redirect(request.next_url("/account"), 303)
    return request.html("page.html", form=form)
