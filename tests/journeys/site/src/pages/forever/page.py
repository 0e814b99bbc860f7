import asyncio


async def get(request):
    async def happenings():
        number = 0
        while True:
            number += 1
            yield number
            await asyncio.sleep(0.05)

    return request.events(happenings())
