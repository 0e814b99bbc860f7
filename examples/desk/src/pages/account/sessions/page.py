"""Where somebody is signed in, and the way to end that."""


async def get(request):
    request.require_auth()
    return request.html("page.html", sessions=await request.auth.sessions.all_async())


async def action_end(request):
    request.require_auth()
    if await request.auth.sessions.end_async(request.form.get("handle", "")):
        request.flash("success", "That device is signed out.")
    request.redirect("/account/sessions", 303)


async def action_end_others(request):
    request.require_auth()
    await request.auth.sessions.end_others_async()
    request.flash("success", "You are signed out everywhere else.")
    request.redirect("/account/sessions", 303)
