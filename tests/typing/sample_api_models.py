"""The models of an API as an application writes them; a strict type checker reads it and finds nothing.

It is checked and never run.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import assert_type

from aksara import Count, F, Manager, Model, Q, QuerySet, RelatedManager, atomic, fields, post_save


class User(Model):
    """Somebody who writes."""

    name = fields.String(max_length=50)
    age = fields.Integer(nullable=True)
    posts: RelatedManager[Post]


class PostSet(QuerySet["Post"]):
    """Posts, with words of their own."""

    def popular(self) -> PostSet:
        """Keep what many have read."""
        return self.filter(views__gte=100)


class Post(Model):
    """A text."""

    title = fields.String(max_length=100)
    views = fields.Integer(default=0)
    out_at = fields.DateTime(nullable=True)
    author = fields.ForeignKey(User, related_name="posts")
    author_id: uuid.UUID
    editor = fields.ForeignKey(User, related_name="edited", nullable=True)
    readers = fields.ManyToMany(User, related_name="read_by")

    objects = Manager(PostSet)


@post_save(Post)
async def tell(sender: type[Post], instance: Post, created: bool) -> None:
    """Hear of a post."""
    assert_type(instance.title, str)


async def use() -> None:
    """Everything has the type that one would write down."""
    user = await User.objects.get(pk=1)
    assert_type(user, User)
    assert_type(user.name, str)
    assert_type(user.age, "int | None")
    assert_type(user.created_at, datetime)
    assert_type(await User.objects.filter(Q(age=1) | ~Q(name="a")), list[User])
    assert_type(await User.objects.first(), "User | None")
    assert_type(await User.objects.order_by("-age")[0], User)
    assert_type(User.objects.exclude(age=1)[1:3], QuerySet[User])
    made, is_new = await User.objects.get_or_create({"age": 3}, name="a")
    assert_type(made, User)
    assert_type(is_new, bool)
    async for each in User.objects.annotate(n=Count("posts")):
        assert_type(each, User)
    post = await Post.objects.popular().get(title="a")
    assert_type(post, Post)
    assert_type(post.author, User)
    assert_type(await post.author, User)
    assert_type(post.editor, "User | None")
    assert_type(post.author_id, uuid.UUID)
    assert_type(await post.readers, list[User])
    assert_type(await user.posts.filter(views__gt=F("views")).count(), int)
    async with atomic():
        await post.readers.add(user)
        assert_type(await post.save(update_fields=["title"]), Post)
    try:
        await Post.objects.get(title="none")
    except Post.DoesNotExist:
        pass
