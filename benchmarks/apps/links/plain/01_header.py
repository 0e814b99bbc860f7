def handle(request, next):
    response = next(request)
    request.header("X-First", "1")
    return response
