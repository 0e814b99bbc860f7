from models.item import Item
from rows import key


async def get(request):
    item = await Item.find_async(id=key())
    return request.json({"id": item.id, "name": item.name, "grp": item.grp})
