"""Whose models are measured, and on what.

A scene is a database and a way to talk to it. In each one the driver alone stands
first: what it needs is everyone's share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.contestants import OURS

__all__ = ["MODEL_PEERS", "SCENES", "ModelPeer", "Scene", "model_versions", "peers_of"]


@dataclass(frozen=True)
class Scene:
    """One table of the report: which database it is about."""

    name: str
    database: str


@dataclass(frozen=True)
class ModelPeer:
    """One library: its environment, its distribution, and its adapter in `models/` for each scene."""

    name: str
    environment: str
    package: str
    adapters: dict[str, str]
    is_driver: bool = False


SQLITE, PLAIN, LOOPED = "SQLite", "PostgreSQL, sync", "PostgreSQL, async"
SCENES = (Scene(SQLITE, "sqlite"), Scene(PLAIN, "postgres"), Scene(LOOPED, "postgres"))

MODEL_PEERS = (
    ModelPeer("sqlite3", "models/driver", "", {SQLITE: "with_sqlite3"}, is_driver=True),
    ModelPeer("psycopg", "models/driver", "psycopg", {PLAIN: "with_psycopg"}, is_driver=True),
    ModelPeer("asyncpg", "models/driver", "asyncpg", {LOOPED: "with_asyncpg"}, is_driver=True),
    ModelPeer(
        OURS,
        "models/ours",
        "",
        {SQLITE: "with_ours", PLAIN: "with_ours", LOOPED: "with_ours_async"},
    ),
    ModelPeer(
        "sqlalchemy",
        "models/sqlalchemy",
        "sqlalchemy",
        {SQLITE: "with_sqlalchemy", PLAIN: "with_sqlalchemy", LOOPED: "with_sqlalchemy_async"},
    ),
    ModelPeer(
        "django",
        "models/django",
        "django",
        {SQLITE: "with_django", PLAIN: "with_django", LOOPED: "with_django_async"},
    ),
    ModelPeer("peewee", "models/peewee", "peewee", {SQLITE: "with_peewee", PLAIN: "with_peewee"}),
    ModelPeer(
        "tortoise",
        "models/tortoise",
        "tortoise-orm",
        {SQLITE: "with_tortoise", LOOPED: "with_tortoise"},
    ),
    ModelPeer(
        "asok 0.8",
        "models/asok-0.8",
        "asok",
        {SQLITE: "with_asok_0_8", PLAIN: "with_asok_0_8", LOOPED: "with_asok_0_8_async"},
    ),
    ModelPeer("aksara 0.7", "models/aksara-0.7", "aksara-framework", {LOOPED: "with_aksara_0_7"}),
)


def peers_of(scene: Scene, names: Sequence[str] | None) -> list[ModelPeer]:
    """Give those who are measured in a scene: the driver and ours, and those named, or all."""
    return [
        peer
        for peer in MODEL_PEERS
        if scene.name in peer.adapters
        and (names is None or peer.is_driver or peer.name in names or peer.name == OURS)
    ]


def model_versions(installed: dict[str, dict[str, str]]) -> str:
    """Give the versions of the libraries, from what is installed in each environment."""
    parts = [
        f"{peer.name.partition(' ')[0]} {installed[peer.environment][peer.package]}"
        for peer in MODEL_PEERS
        if peer.package and peer.environment in installed
    ]
    return f"Libraries: {', '.join(parts)}."
