async def get(request):
    async def pieces():
        yield "begun\n"
        raise RuntimeError("broke in the middle")

    return pieces()
