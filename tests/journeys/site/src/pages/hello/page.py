async def get(request):
    return "<p>Hello, wörld</p>"
