from answers import ITEMS


async def get(request):
    return request.html("html/page.html", user="alice", items=ITEMS, name="alice")
