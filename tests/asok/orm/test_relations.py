"""Relations by the names of the pages face are relations of the engine."""

from __future__ import annotations

from asok.orm import relations as Relation
from asok.orm.model import Model
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from tests.asok.orm.blog import Post, Tag


class Team(Model):
    """Has players, a captain, and rivals by a pivot with names of its own."""

    name = String(20)
    players = Relation.HasMany("Player", "club_id")
    coach = Relation.HasOne("Coach")
    rivals = Relation.BelongsToMany("Team", "rivalries", "one_id", "other_id")


class Player(Model):
    """Belongs to a team by a key of another name."""

    club_id = ForeignKey(Team)
    number = Integer(default=0)
    team = Relation.BelongsTo(Team, "club_id")


class Coach(Model):
    """Has the key of a team."""

    team_id = ForeignKey(Team)


def test_names_of_keys_are_taken() -> None:
    """A foreign key may have any name, on both sides."""
    relations = Team.__description__.relations
    assert relations["players"].remote_name == "club_id"
    assert relations["coach"].remote_name == "team_id"
    assert not relations["coach"].is_to_many
    assert Player.__description__.relations["team"].local_name == "club_id"


def test_foreign_key_brings_its_relation_along() -> None:
    """Under the name before `_id` at its end, and only there (asok 3.4 C8)."""

    class Watch(Model):
        video_idea_id = ForeignKey(Team)

    assert set(Watch.__description__.relations) == {"video_idea"}
    assert "club" in Player.__description__.relations


def test_pivot_has_its_names() -> None:
    """Those that were given, or both models' in alphabetical order."""
    pivot = Team.__description__.relations["rivals"].pivot.table
    assert (pivot.name, {column.name for column in pivot.columns}) == ("rivalries", {"one_id", "other_id"})
    for side in (Post, Tag):
        relation = side.__description__.relations["tags" if side is Post else "posts"]
        assert relation.pivot.table.name == "post_tag"
        assert {column.name for column in relation.pivot.table.columns} == {"post_id", "tag_id"}
