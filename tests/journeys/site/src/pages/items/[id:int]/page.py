async def get(request):
    return request.json(
        {"id": request.params["id"], "q": request.query.get("q"), "all": request.query.getlist("q")}
    )
