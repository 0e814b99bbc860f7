"""SQLAlchemy's ORM: a session for each operation, as a request has one; children by `selectinload`."""

from __future__ import annotations

from typing import Any

import tables
from sqlalchemy import create_engine, select
from sqlalchemy.orm import selectinload, sessionmaker
from sqlalchemy_tables import Item, Parent


class Models:
    """Objects that outlive their session."""

    is_async = False

    def open(self) -> None:
        engine = create_engine(tables.URL.replace("postgresql:", "postgresql+psycopg:"))
        self.session = sessionmaker(engine, expire_on_commit=False)

    def get(self, key: int) -> Any:
        with self.session() as session:
            return session.get(Item, key)

    def of_group(self, group: int) -> Any:
        with self.session() as session:
            return session.scalars(select(Item).where(Item.grp == group)).all()

    def families(self) -> list[Any]:
        with self.session() as session:
            found = session.scalars(select(Parent).options(selectinload(Parent.children))).all()
            return [parent.children for parent in found]

    def insert(self, values: dict[str, Any]) -> None:
        with self.session() as session:
            session.add(Item(**values))
            session.commit()

    def update(self, item: Any, score: float) -> None:
        with self.session() as session:
            session.add(item)
            item.score = score
            session.commit()

    def delete(self, item: Any) -> None:
        with self.session() as session:
            session.delete(item)
            session.commit()

    def insert_many(self, many: list[dict[str, Any]]) -> None:
        with self.session() as session:
            session.add_all([Item(**values) for values in many])
            session.commit()
