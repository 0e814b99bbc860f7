async def get(request):
    query = request.args
    return request.json({"id": int(request.params["id"]), "q": query["q"], "limit": int(query["limit"])})
