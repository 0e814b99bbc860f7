import asyncio


async def get(request):
    async def pieces():
        for number in range(5):
            yield f"{number}\n"
            await asyncio.sleep(0.1)

    return pieces()
