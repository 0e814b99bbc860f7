"""What a visitor asks of a set by names: filters, an order, fields and words, from an address or a body.

A name that comes from outside may tell more than its values do: a filter on a hidden
field answers yes or no as often as one asks, an order by it sorts its values. So such
names are looked up in a short list: the fields that a principal may see, and the paths
that the code has named. Every other name is unknown here, whether the model has it or
not, and the answer is 400. Code that writes its own names uses the query itself.
Source: CWE-203, CWE-200.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asok_engine.errors import InputError
from asok_engine.records.description import Description
from asok_engine.records.errors import unknown_name
from asok_engine.records.lookups import LOOKUPS
from asok_engine.records.plans.search import search as search_words
from asok_engine.records.policy import ANONYMOUS, Principal, policy_if_any
from asok_engine.records.query import Query

__all__ = ["asked", "open_names"]

#: Lookups that are not for visitors: a pattern of theirs runs in the database.
CLOSED_LOOKUPS = frozenset({"regex", "iregex", "like"})
OPEN_LOOKUPS = LOOKUPS.keys() - CLOSED_LOOKUPS
#: More conditions or fields than this is nobody's honest question.
MOST_NAMES = 50


def open_names(description: Description, principal: Principal = ANONYMOUS) -> frozenset[str]:
    """Give the names of fields that a principal may ask by: those that may be seen and compared."""
    policy = policy_if_any(description.model)
    readable = description.fields.keys() if policy is None else policy.readable(principal)
    fields = description.fields
    plain = {
        name for name in readable if name in fields and not fields[name].hidden and fields[name].is_comparable
    }
    translated = {name for name in description.translated if description.field(name).name in plain}
    of_relations = {
        name
        for name, relation in description.relations.items()
        if relation.local_name in plain and not relation.is_to_many
    }
    return frozenset({*plain, *translated, *of_relations, *({"pk"} if description.key[0] in plain else ())})


def asked(
    query: Query,
    principal: Principal = ANONYMOUS,
    *,
    filters: Mapping[str, Any] | None = None,
    order: str | Sequence[str] = (),
    fields: str | Sequence[str] = (),
    search: str = "",
    paths: Iterable[str] = (),
) -> Query:
    """Narrow, order and cut a query as a visitor has asked.

    `filters` are lookups such as `{"status": "open", "views__gte": "10"}`; a text behind `in` and
    `range` is split at commas. `order` and `fields` are names, or a text of them with commas. `paths`
    are what else may be named, such as "owner__name"; through a relation nothing else can.

    Raises:
        UnknownName: a name is not open to the principal; status 400.
        InputError: a value does not fit, there are too many names, or words are looked for in an
            index that has a closed field.
    """
    names = _Names(query.description, open_names(query.description, principal), frozenset(paths))
    given = dict(filters or {})
    wanted_order, wanted_fields = _listed(order), _listed(fields)
    for count in (len(given), len(wanted_order), len(wanted_fields)):
        if count > MOST_NAMES:
            raise InputError(f"{count} names are too many; at most {MOST_NAMES} are taken.", status=400)
    for name, value in given.items():
        query = query.where(**{names.of_filter(name): _values(name, value)})
    for name in wanted_order:
        sign = "-" if name.startswith("-") else ""
        query = query.order_by(sign + names.plain(name.removeprefix("-"), "order"))
    if search:
        query = _searched(query, search, names.open)
    if wanted_fields:
        query = query.select_columns(*[names.plain(name, "field") for name in wanted_fields])
    return query


def _searched(query: Query, words: str, open_names: frozenset[str]) -> Query:
    """Look for words in the index of a model, or in its open texts where it has none."""
    description = query.description
    if description.table.full_texts:
        indexed = {
            name for name, each in description.fields.items() if each.is_searchable and not each.hidden
        }
        if indexed - open_names:
            # Why not narrowed: one index has them all, and would tell what the closed ones say.
            raise InputError(f"{description.name} cannot be searched here.", status=400)
        return search_words(query, words)
    texts = [
        name
        for name in sorted(open_names)
        if name in description.fields and description.fields[name].column_type.kind in ("string", "text")
    ]
    return search_words(query, words, texts)


class _Names:
    """The names that are open: of fields, and paths that the code has added."""

    def __init__(self, description: Description, names: frozenset[str], paths: frozenset[str]) -> None:
        self.open = names
        self._description = description
        self._model = description.name
        self._paths = frozenset(path.replace(".", "__") for path in paths)

    def plain(self, name: str, what: str) -> str:
        """Give the name of a field or a path without a lookup."""
        if name in self.open or name.replace(".", "__") in self._paths:
            return name
        raise unknown_name(name, f"{self._model}, as far as it is open here,", self._known(), what)

    def of_filter(self, name: str) -> str:
        """Give a lookup whose field is open."""
        name = name.replace(".", "__")
        paths = [path for path in self._paths if name == path or name.startswith(f"{path}__")]
        base = max(paths, key=len, default=name.partition("__")[0])
        if not paths and base not in self.open:
            raise unknown_name(name, f"{self._model}, as far as it is open here,", self._known(), "filter")
        words = name[len(base) + 2 :]
        # Why: behind a relation stands what its target has, which nobody has opened.
        if words.rpartition("__")[2] in CLOSED_LOOKUPS or (
            words and words not in OPEN_LOOKUPS and self._is_relation(base)
        ):
            raise unknown_name(words, f"The filter {base!r}", OPEN_LOOKUPS, "lookup")
        return name

    def _is_relation(self, path: str) -> bool:
        description = self._description
        for name in path.split("__"):
            relation = description.relations.get(name)
            if relation is None:
                return False
            if not relation.has_one_target:
                return True
            description = relation.target
        return True

    def _known(self) -> list[str]:
        return sorted({*self.open, *self._paths})


def _listed(names: str | Sequence[str]) -> list[str]:
    given = names.split(",") if isinstance(names, str) else list(names)
    return [name.strip() for name in given if name.strip()]


def _values(name: str, value: Any) -> Any:
    is_list = name.rpartition("__")[2] in ("in", "range")
    return value.split(",") if is_list and isinstance(value, str) else value
