async def handle(request, next):
    response = await next(request)
    request.header("X-Third", "3")
    return response
