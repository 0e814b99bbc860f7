"""Functions of every template."""

from __future__ import annotations

import types

import pytest

from asok_engine.templates.functions import FORBIDDEN, FUNCTIONS
from tests.engine.templates.conftest import Render


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ range(3)|list }}{{ range(1, 6, 2)|list }}{{ dict(a=1).a }}", "[0, 1, 2][1, 3, 5]1"),
        ("{{ len('abc') }}{{ len(x) }}{{ str(5) ~ 1 }}{{ int('7') + 1 }}{{ int('ff', 16) }}{{ float('1.5') }}", "335182551.5"),
        ("{{ list('ab') }}{{ bool([]) }}{{ abs(-2) }}{{ min(3, 1) }}{{ max(x) }}{{ sum(x) }}", "[&#x27;a&#x27;, &#x27;b&#x27;]False2136"),
        ("{{ sorted([3, 1]) }}{{ sorted(x, reverse=true) }}{% for v in reversed(x) %}{{ v }}{% endfor %}", "[1, 3][3, 2, 1]321"),
        ("{% for i, v in enumerate(x, 1) %}{{ i }}{{ v }} {% endfor %}{{ min([], default=0) }}", "11 22 33 0"),
    ],
)  # fmt: skip
def test_function_works_in_a_template(render: Render, source: str, expected: str) -> None:
    """Every promised function is there."""
    assert render(source, x=[1, 2, 3]) == expected


def test_functions_are_plain_functions() -> None:
    """No class is given to a template, and nothing that is forbidden."""
    assert all(isinstance(function, types.FunctionType) for function in FUNCTIONS.values())
    assert not FORBIDDEN & set(FUNCTIONS)
