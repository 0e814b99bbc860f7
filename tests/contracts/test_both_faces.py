"""Models of the two faces describe the same kind of records: each goes through the other's doors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aksara import fields
from aksara.expressions import Count
from aksara.models import Model as ApiModel
from aksara.queries import QuerySet
from aksara.relations import RelatedManager
from asok.orm import fields as Field
from asok.orm import relations as Relation
from asok.orm.model import Model as PageModel
from asok.orm.query import Query
from asok_engine.database.databases import databases
from asok_engine.errors import UsageError
from asok_engine.records.registry import registry
from tests.aksara.library import create_tables


class Shop(PageModel):
    """A model of the pages face."""

    name = Field.String(max_length=30)
    orders: Relation.HasMany[Any] = Relation.HasMany("ShopOrder", "shop_id")


class ShopOrder(ApiModel):
    """A model of the API face that points to one of the pages face."""

    text = fields.String(max_length=30)
    shop = fields.ForeignKey(Shop, related_name="order_set")


class Parcel(PageModel):
    """A model of the pages face that points to one of the API face."""

    weight = Field.Integer(default=1)
    order_id = Field.ForeignKey(ShopOrder, related_name="parcels")
    order: Relation.BelongsTo[ShopOrder]


@pytest.fixture
def _shop(tmp_path: Path) -> Iterator[None]:
    create_tables(f"sqlite:///{tmp_path / 'shop.sqlite3'}", (Shop, ShopOrder, Parcel))
    yield
    databases.close()


@pytest.mark.usefixtures("_shop")
def test_relations_lead_from_each_face_to_the_other() -> None:
    """Saved and read by the words of either, plain and async, by one registry."""

    async def make() -> ShopOrder:
        shop = await Shop.create_async(name="corner")
        order = await ShopOrder.objects.create(text="tea", shop=shop)
        assert isinstance(order.parcels, RelatedManager)
        await order.parcels.create(weight=3)
        await Parcel.create_async(weight=4, order=order)
        found = await ShopOrder.objects.select_related("shop").annotate(n=Count("parcels")).get()
        assert (found.shop.name, found.n) == ("corner", 2)
        loaded = await ShopOrder.objects.prefetch_related("parcels", "shop").get(parcels__weight=4)
        assert sorted(parcel.weight for parcel in loaded.parcels) == [3, 4]
        assert await (await ShopOrder.objects.get()).shop == shop
        by_page = await Parcel.where(order__shop__name="corner").with_("order.shop").order_by("weight")
        assert [parcel.order.shop.name for parcel in by_page] == ["corner", "corner"]
        return order

    order = asyncio.run(make())
    shop = Shop.find_or_fail(name="corner")
    assert [each.text for each in shop.orders] == ["tea"]
    assert [each.order.shop.name for each in Parcel.query()] == ["corner", "corner"]
    assert registry.get("ShopOrder", Parcel) is ShopOrder
    assert registry.get("Parcel", ShopOrder) is Parcel
    assert order.pk == shop.orders[0].pk


@pytest.mark.usefixtures("_shop")
def test_words_of_either_face_serve_any_model() -> None:
    """A set of one face can be made for a model of the other."""
    Shop.create(name="a")

    async def ask() -> list[Any]:
        return await QuerySet(Shop).filter(name__startswith="a").values_list("name", flat=True)

    assert asyncio.run(ask()) == ["a"]
    order_query: Query[ShopOrder] = Query(ShopOrder)
    assert order_query.where(shop__name="a").count() == 0
    assert order_query.where("text", "tea").all() == []


@pytest.mark.usefixtures("_shop")
def test_set_of_related_records_refuses_a_record_of_another_model() -> None:
    """Whichever face it is of."""

    async def add() -> None:
        shop = await Shop.create_async(name="a")
        order = await ShopOrder.objects.create(text="t", shop=shop)
        await order.parcels.add(shop)

    with pytest.raises(UsageError, match="Parcel"):
        asyncio.run(add())
