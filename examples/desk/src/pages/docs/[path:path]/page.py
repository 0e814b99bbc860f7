from guides import guide_page


async def get(request):
    return guide_page(request, request.params["path"])
