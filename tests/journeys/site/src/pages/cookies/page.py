async def get(request):
    request.set_cookie("one", "a b;c", max_age=60)
    request.set_cookie("two", "ü")
    request.delete_cookie("gone")
    return request.json(request.cookies)
