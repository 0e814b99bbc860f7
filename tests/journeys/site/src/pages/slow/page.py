import asyncio


async def get(request):
    await asyncio.sleep(float(request.query.get("for", "1")))
    return "slept"
