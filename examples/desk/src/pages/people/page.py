from models.person import Person


async def get(request):
    request.require_auth()
    request.require_role("manager", redirect_url=None)
    page = (
        await Person.visible_to(request.principal)
        .order_by("name")
        .paginate_async(request.query.get("page", 1), 20)
    )
    return request.html("page.html", page=page)
