STREAM_BODY = True
# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


async def post(request):
    total = pieces = 0
    async for piece in request.chunks():
        total += len(piece)
        pieces += 1
    return request.json({"total": total, "several": pieces > 1})


def put(request):
    return request.json({"total": sum(len(piece) for piece in request.chunks())})
