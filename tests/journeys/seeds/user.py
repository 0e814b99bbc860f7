from asok import Field, Model


class User(Model):
    name = Field.String(max_length=100)
    email = Field.Email()
