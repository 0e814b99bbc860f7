async def handle(request, next):
    response = await next(request)
    request.header("X-Second", "2")
    return response
