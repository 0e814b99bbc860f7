async def handle(request, next):
    response = await next(request)
    request.header("X-First", "1")
    return response
