async def handle(request, next):
    if request.query.get("stop") == "here":
        request.status_code(503)
        return "stopped by a link"
    response = await next(request)
    response.headers["X-Async-Link"] = "seen"
    return response
