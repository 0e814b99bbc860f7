"""What `{% component %}` needs while a template renders.

The tag names a component and gives it values; what stands before `{% endcomponent %}`
is rendered first and handed to it as its slot. What a component is, the function
`component` of the context decides; nothing here knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.templates.markup import Markup

__all__ = ["Component", "component"]


class Component:
    """A component with its arguments, waiting for what stands between its tags."""

    __slots__ = ("_arguments", "_component", "_named")

    def __init__(
        self, component: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        self._component = component
        self._arguments = arguments
        self._named = named

    def render(self, slot: str) -> Any:
        return self._component(*self._arguments, slot=Markup(slot), **self._named)


def component(make: object, /, *arguments: Any, **named: Any) -> Component:
    """Hold a component until its slot is rendered; templates call this for `{% component %}`."""
    if not callable(make):
        name = arguments[0] if arguments else ""
        raise UsageError(
            f"{{% component {name!r} %}} needs live components: there is no global named component.",
            fix="Enable them, or pass a function component(name, slot=..., **state) to the template.",
        )
    return Component(make, arguments, named)
