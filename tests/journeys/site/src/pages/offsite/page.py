async def get(request):
    return request.redirect(request.query.get("to", "//evil.example"))
