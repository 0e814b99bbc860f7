"""The tables as declarative classes of SQLAlchemy, for its plain and its asynchronous adapter."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Table(DeclarativeBase):
    """What the classes share."""


class Item(Table):
    """A row without relations."""

    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    grp: Mapped[int]
    score: Mapped[float]
    active: Mapped[bool]
    note: Mapped[str | None]


class Parent(Table):
    """One of a hundred, with ten children."""

    __tablename__ = "parent"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    children: Mapped[list[Child]] = relationship(back_populates="parent")


class Child(Table):
    """One of ten."""

    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))
    title: Mapped[str]
    qty: Mapped[int]
    parent: Mapped[Parent] = relationship(back_populates="children")
