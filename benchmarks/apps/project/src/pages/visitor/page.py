from answers import ITEMS


async def get(request):
    return request.html("html/page.html", user=request.session["user"], items=ITEMS, name="alice")
