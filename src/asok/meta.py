"""What a page says about itself in its head: title, description, properties, links.

A handler or a template sets it on `request.meta`; the layout's head prints it.
The last call for a name wins, also one made after the head was rendered.
"""

from __future__ import annotations

from html import escape

__all__ = ["Meta", "MetaTitle"]


class MetaTitle(str):
    """The title; print it, or call it to set it."""

    __slots__ = ("_meta",)

    _meta: Meta

    def __call__(self, title: str) -> Meta:
        self._meta.title = title
        return self._meta


class Meta:
    """The head of one page. Every method returns the object, so that calls chain."""

    def __init__(self) -> None:
        self._title = ""
        self._names: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self._links: dict[tuple[str, str], dict[str, str]] = {}

    @property
    def title(self) -> MetaTitle:
        """The page's title, "" when none was set; call it with a title to set it."""
        title = MetaTitle(self._title)
        title._meta = self
        return title

    @title.setter
    def title(self, value: str) -> None:
        self._title = str(value)

    def __str__(self) -> str:
        """Print nothing, so that `{{ meta.title("Home") }}` sets the title and shows nothing."""
        return ""

    __html__ = __str__

    def name(self, name: str, content: str) -> Meta:
        """Set `<meta name=... content=...>`."""
        self._names[name] = str(content)
        return self

    def description(self, *parts: str) -> Meta:
        """Set the description: `description(text)`, or `description(name, text)` for another name."""
        if len(parts) == 1:
            return self.name("description", parts[0])
        name, content = parts
        return self.name(name, content)

    def property(self, name: str, content: str) -> Meta:
        """Set `<meta property=... content=...>`, as Open Graph uses it."""
        self._properties[name] = str(content)
        return self

    def link(self, rel: str, href: str, **attributes: str) -> Meta:
        """Add `<link rel=... href=...>`; the same rel and href replace each other."""
        self._links[(rel, href)] = {
            key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()
        }
        return self

    def has(self, name: str) -> bool:
        """Tell whether "title" or a meta name was set."""
        return bool(self._title) if name == "title" else name in self._names

    def page_title(self) -> str | None:
        """Give the title for the layout's `<title>`; None keeps the layout's own."""
        return self._title or None

    def page_description(self) -> str | None:
        """Give the description for the layout; None keeps the layout's own."""
        return self._names.get("description")

    def head_extra(self) -> str | None:
        """Give the other elements for the head, escaped."""
        names = [(name, text) for name, text in self._names.items() if name != "description"]
        if not (names or self._properties or self._links):
            return None
        parts = [_element("meta", {"name": name, "content": text}) for name, text in names]
        parts += [
            _element("meta", {"property": name, "content": text}) for name, text in self._properties.items()
        ]
        parts += [
            _element("link", {"rel": rel, "href": href, **more}) for (rel, href), more in self._links.items()
        ]
        return "\n".join(parts)


def _element(tag: str, attributes: dict[str, str]) -> str:
    inner = " ".join(f'{escape(name)}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag} {inner}>"
