def get(request):
    return request.text(request.params["path"])
