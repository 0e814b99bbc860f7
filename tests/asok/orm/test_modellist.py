"""The list that records come in counts itself and knows what was asked."""

from __future__ import annotations

import pytest

from asok.orm.modellist import ModelList
from asok_engine.errors import UsageError
from tests.asok.orm.blog import Person, Post


def test_results_and_relations_are_such_lists(blog: None) -> None:
    """They are lists, so everything that takes a list takes them."""
    ada = Person.create(name="Ada", email="a@x.org")
    Post.create(title="x", person=ada)
    people = Person.all()
    assert isinstance(people, ModelList)
    assert isinstance(people, list)
    assert isinstance(ada.posts, ModelList)
    assert people.count() == 1
    assert people.count(ada) == 1
    assert ada.posts.count() == 1


def test_list_knows_what_was_asked(blog: None) -> None:
    """A list of a relation says how to ask."""
    ada = Person.create(name="Ada", email="a@x.org")
    people = Person.where(name="Ada").all()
    assert people.to_sql()[1] == ["Ada"]
    assert "'Ada'" in people.raw_sql()
    with pytest.raises(UsageError, match="related"):
        ada.posts.to_sql()
