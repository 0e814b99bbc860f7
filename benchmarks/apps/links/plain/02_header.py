def handle(request, next):
    response = next(request)
    request.header("X-Second", "2")
    return response
