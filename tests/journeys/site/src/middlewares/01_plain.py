def handle(request, next):
    response = next(request)
    response.headers["X-Plain-Link"] = "seen"
    return response
