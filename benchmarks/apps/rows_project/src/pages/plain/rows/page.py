from models.item import Item
from rows import QUERIES, key


def get(request):
    items = [Item.find(id=key()) for _ in range(QUERIES)]
    return request.json([{"id": item.id, "name": item.name, "grp": item.grp} for item in items])
