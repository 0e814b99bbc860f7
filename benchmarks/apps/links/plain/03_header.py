def handle(request, next):
    response = next(request)
    request.header("X-Third", "3")
    return response
