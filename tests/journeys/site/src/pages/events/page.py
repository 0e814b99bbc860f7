from asok_engine.wire.events import Event


async def get(request):
    async def happenings():
        yield "plain"
        yield {"n": 1}
        yield Event("two\nlines", event="named", id="7")

    return request.events(happenings(), retry_ms=500)
