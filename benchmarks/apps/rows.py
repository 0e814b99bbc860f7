"""What the pages with rows share: the database's address, and which rows a request asks for.

`/row` answers with one row by key, `/rows` with twenty, each by a query of its own.
"""

from __future__ import annotations

import os
import random

URL = os.environ["DATABASE_URL"]
IS_SQLITE = URL.startswith("sqlite")
PATH = URL.removeprefix("sqlite:///")
QUERIES = 20


def key() -> int:
    """Give the key of one of the rows."""
    return random.randrange(1, 10_001)
