from asok import Field
from asok.auth import Account


class User(Account):
    name = Field.String(max_length=50, default="Ada")
