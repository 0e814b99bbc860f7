"""Settings that have a row and no test of their effect yet, each with the capability that it waits for.

They are those that their table calls planned, as the reference tells its readers; the options of such a
row among them. The list only gets shorter. Whoever builds a capability marks the tests that observe its
settings, `@pytest.mark.setting("asok.GZIP")`, takes the names out of `planned`, and lowers LIMIT.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksara.settings import TABLE as AKSARA
from asok.settings import TABLE as ASOK
from asok_engine.settings.table import Table

#: How many names the list has; it may be lowered and never raised.
LIMIT = 113


def _planned(table: Table) -> Iterator[tuple[str, str]]:
    for name, capability in table.planned.items():
        yield f"{table.face}.{name}", capability
        row = table.find(name)
        for option in () if row is None else row.options:
            yield f"{table.face}.{name}.{option.name}", capability


PENDING: dict[str, str] = {**dict(_planned(ASOK)), **dict(_planned(AKSARA))}
