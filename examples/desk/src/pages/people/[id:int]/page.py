from models.person import Person, Role

from asok import Form
from asok.exceptions import ForbiddenError


class RoleForm(Form):
    role = Form.radio("Role", [(each, each.name.title()) for each in Role], "required")
    is_active = Form.checkbox("May sign in")


async def opened(request):
    """Give the person of the address, when whoever asks may edit other people."""
    request.require_auth()
    request.require_role("manager", redirect_url=None)
    return await Person.visible_to(request.principal).where(id=request.params["id"]).first_or_fail_async()


async def render(request):
    person = await opened(request)
    form = RoleForm(request).fill(person)
    if await form.validate_async():
        await request.authorise_async("edit", person)
        request.auth.require_sudo()
        if person.id == request.user.id:
            raise ForbiddenError("Nobody takes their own role away; ask another manager.")
        await person.update_async(**form.data, _trust=True)
        request.flash("success", "Saved.")
        request.redirect(f"/people/{person.id}", 303)
    return request.html("page.html", person=person, form=form)


async def action_impersonate(request):
    person = await opened(request)
    request.auth.require_sudo()
    request.auth.impersonate(person)
    request.redirect("/", 303)
