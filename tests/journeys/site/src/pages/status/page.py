async def get(request):
    if request.query.get("way") == "line":
        request.status = "404 Not Found"
    else:
        request.status(404)
    return f"{request.status} {request.status_code == 404}"
