from answers import fortunes


async def get(request):
    return request.html("html/fortunes.html", fortunes=fortunes())
