async def get(request):
    return request.json({"message": "Hello, World!"})
