# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


async def get(request):
    return {"hello": "wörld", "list": [1, 2.5, None, True]}


async def post(request):
    return request.json({"got": request.json()}, status=201)
