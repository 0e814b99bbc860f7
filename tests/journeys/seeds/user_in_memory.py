"""Stands in for the model of the seed until models exist: the same calls over a dictionary."""


class User:
    rows = {}

    def __init__(self, id, name, email):
        self.id, self.name, self.email = id, name, email

    @classmethod
    async def all_async(cls):
        return list(cls.rows.values())

    @classmethod
    async def find_async(cls, id):
        return cls.rows.get(str(id))

    @classmethod
    async def create_async(cls, name, email):
        user = cls(len(cls.rows) + 1, name, email)
        cls.rows[str(user.id)] = user
        return user
