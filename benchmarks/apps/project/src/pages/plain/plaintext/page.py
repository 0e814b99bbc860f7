def get(request):
    return request.text("Hello, World!")
