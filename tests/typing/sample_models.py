"""A small application with models as its author would type it; it passes the strict checks as it is.

It is checked by mypy and by pyright, without a plugin, and never run. It states with
`assert_type` what an author relies on.
"""

from __future__ import annotations

import datetime
import decimal
import enum
from typing import assert_type

from asok import Field, Model, ModelError, Relation, Request
from asok.orm import ModelList, Page, Query


class User(Model):
    name = Field.String(max_length=50)
    email = Field.Email(unique=True)
    nickname = Field.String(nullable=True)
    age = Field.Integer(nullable=True)
    is_admin = Field.Boolean(default=False, protected=True)
    password = Field.Password()
    joined_at = Field.CreatedAt()
    posts: Relation.HasMany[Post] = Relation.HasMany("Post")

    def before_save(self) -> None:
        if self.name == "root":
            raise ModelError("is not allowed", field="name")


class Post(Model):
    title = Field.String(max_length=100)
    body = Field.Text(default="")
    views = Field.Integer(default=0)
    price = Field.Decimal(precision=2, default=0)
    score = Field.Float(nullable=True)
    day = Field.Date(nullable=True)
    user_id = Field.ForeignKey(User)
    user: Relation.BelongsTo[User]
    tags: Relation.BelongsToMany[Tag] = Relation.BelongsToMany("Tag")
    deleted_at = Field.SoftDelete()

    @staticmethod
    def scope_popular(query: Query[Post], least: int = 100) -> Query[Post]:
        return query.where(Post.views >= least)


class Tag(Model):
    name = Field.String(unique=True)


def get(request: Request) -> str:
    post = Post.find_or_fail(request.query["id"])
    assert_type(post, Post)
    assert_type(post.title, str)
    assert_type(post.views, int)
    assert_type(post.price, decimal.Decimal)
    assert_type(post.score, float | None)
    assert_type(post.day, datetime.date | None)
    assert_type(post.user, User)
    assert_type(post.user.nickname, str | None)
    assert_type(post.user.joined_at, datetime.datetime)
    assert_type(post.user.posts, ModelList[Post])
    assert_type(post.tags[0].name, str)
    assert_type(post.deleted_at, datetime.datetime | None)
    post.title = "Another"
    post.user.age = None
    post.save()
    assert_type(Post.where(Post.views > 3, title="x").order_by("-views").limit(3), Query[Post])
    assert_type(Post.find(1), Post | None)
    assert_type(Post.where("views", ">", 3).or_where(lambda q: q.where(views=1)).first(), Post | None)
    assert_type(Post.paginate(2, per_page=10), Page[Post])
    assert_type(Post.with_("user").all(), ModelList[Post])
    assert_type(Post.where_in("user_id", User.where(name="Ada"))[0], Post)
    assert_type(Post.create(title="New", user_id=1), Post)
    assert_type(Post.query().count(), int)
    return ", ".join(found.title for found in Post.where((Post.views > 1) & ~(Post.title == "x")))


async def post(request: Request) -> str:
    user = await User.find_async(email=request.form["email"])
    assert_type(user, User | None)
    if user is None or not await user.check_password_async("password", request.form["password"]):
        return "no"
    async with Post.transaction():
        made = await Post.create_async(title="New", user_id=user.id)
        await made.attach_async("tags", [1, 2])
        await made.increment_async("views")
    assert_type(await Post.where(user_id=user.id), ModelList[Post])
    async for each in Post.where(user_id=user.id):
        assert_type(each, Post)
    assert_type(await Post.where(user_id=user.id).exists_async(), bool)
    return made.title


class Level(enum.Enum):
    LOW = "low"


class Plain(Model):
    """Every kind, with a value."""

    string_a = Field.String()
    text_b = Field.Text()
    searchabletext_c = Field.SearchableText()
    email_d = Field.Email()
    tel_e = Field.Tel()
    integer_f = Field.Integer()
    boolean_g = Field.Boolean()
    float_h = Field.Float()
    date_i = Field.Date()
    datetime_j = Field.DateTime()
    time_k = Field.Time()
    file_l = Field.File()
    password_m = Field.Password()
    createdat_n = Field.CreatedAt()
    updatedat_o = Field.UpdatedAt()
    softdelete_p = Field.SoftDelete()
    json_q = Field.JSON()
    enum_r = Field.Enum(Level)
    dropdown_s = Field.Dropdown(choices=["a"])
    decimal_t = Field.Decimal()
    uuid_u = Field.UUID()
    slug_v = Field.Slug()
    url_w = Field.URL()
    color_x = Field.Color()
    vector_y = Field.Vector(3)
    encryptedstring_z = Field.EncryptedString()
    biginteger_aa = Field.BigInteger()
    smallinteger_ab = Field.SmallInteger()
    image_ac = Field.Image()
    ipaddress_ad = Field.IPAddress()
    binary_ae = Field.Binary()
    array_af = Field.Array(Field.Integer())
    duration_ag = Field.Duration()
    foreignkey_ah = Field.ForeignKey("Plain")


class Empty(Model):
    """Every kind that may be without one."""

    string_a = Field.String(nullable=True)
    text_b = Field.Text(nullable=True)
    searchabletext_c = Field.SearchableText(nullable=True)
    email_d = Field.Email(nullable=True)
    tel_e = Field.Tel(nullable=True)
    integer_f = Field.Integer(nullable=True)
    boolean_g = Field.Boolean(nullable=True)
    float_h = Field.Float(nullable=True)
    date_i = Field.Date(nullable=True)
    datetime_j = Field.DateTime(nullable=True)
    time_k = Field.Time(nullable=True)
    file_l = Field.File(nullable=True)
    password_m = Field.Password(nullable=True)
    json_q = Field.JSON(nullable=True)
    enum_r = Field.Enum(Level, nullable=True)
    dropdown_s = Field.Dropdown(choices=["a"], nullable=True)
    decimal_t = Field.Decimal(nullable=True)
    uuid_u = Field.UUID(nullable=True)
    slug_v = Field.Slug(nullable=True)
    url_w = Field.URL(nullable=True)
    color_x = Field.Color(nullable=True)
    vector_y = Field.Vector(3, nullable=True)
    encryptedstring_z = Field.EncryptedString(nullable=True)
    biginteger_aa = Field.BigInteger(nullable=True)
    smallinteger_ab = Field.SmallInteger(nullable=True)
    image_ac = Field.Image(nullable=True)
    ipaddress_ad = Field.IPAddress(nullable=True)
    binary_ae = Field.Binary(nullable=True)
    duration_ag = Field.Duration(nullable=True)
    foreignkey_ah = Field.ForeignKey("Plain", nullable=True)
