from models.item import Item
from rows import key


def get(request):
    item = Item.find(id=key())
    return request.json({"id": item.id, "name": item.name, "grp": item.grp})
