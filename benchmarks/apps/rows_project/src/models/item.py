from asok import Field, Model


class Item(Model):
    """A row."""

    _table = __tablename__ = "item"
    name = Field.Text()
    grp = Field.Integer()
    score = Field.Float()
    active = Field.Boolean()
    note = Field.Text(nullable=True)
