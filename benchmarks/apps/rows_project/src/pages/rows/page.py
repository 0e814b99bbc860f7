from models.item import Item
from rows import QUERIES, key


async def get(request):
    items = [await Item.find_async(id=key()) for _ in range(QUERIES)]
    return request.json([{"id": item.id, "name": item.name, "grp": item.grp} for item in items])
