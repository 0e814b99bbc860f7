async def get(request):
    return request.json({"name": request.params["name"], "path": request.path})
