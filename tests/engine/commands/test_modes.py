"""What nobody has set is filled in; what somebody has set stands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

from asok_engine.commands.modes import develop, setting, spoken, try_production


class Settings(dict[str, Any]):
    """Settings with a source each: what is given is from code, the rest is a default."""

    def __init__(self, defaults: dict[str, Any], **given: Any) -> None:
        super().__init__(defaults | given)
        self._given = set(given)

    def __setitem__(self, name: str, value: Any) -> None:
        self._given.add(name)
        super().__setitem__(name, value)

    def source(self, name: str) -> str:
        return "code" if name in self._given else "default"


DEFAULTS: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "",
    "APP_URL": None,
    "ASOK_PORT": 8000,
    "ALLOWED_HOSTS": [],
    "SESSION_SECURE": True,
}


def app(**given: Any) -> Any:
    return SimpleNamespace(config=Settings(DEFAULTS, **given))


def test_development_switches_debug_on_unless_it_is_set() -> None:
    """The project's own word about DEBUG stands."""
    silent, said = app(), app(DEBUG=False)
    develop(silent)
    develop(said)
    assert silent.config["DEBUG"] is True
    assert said.config["DEBUG"] is False


def test_preview_makes_up_what_is_missing_and_says_so() -> None:
    """DEBUG is off whatever was set; a key and an address are made up and told."""
    bare = app(DEBUG=True)
    told = try_production(bare, "http://127.0.0.1:8000")
    assert bare.config["DEBUG"] is False
    assert len(bare.config["SECRET_KEY"]) >= 32
    assert bare.config["APP_URL"] == "http://127.0.0.1:8000"
    assert [line.partition(" ")[0] for line in told] == ["SECRET_KEY", "APP_URL", "SESSION_SECURE"]
    complete = app(SECRET_KEY="k" * 40, APP_URL="https://shop.example", SESSION_SECURE=False)
    assert try_production(complete, "http://127.0.0.1:8000") == []
    assert complete.config["APP_URL"] == "https://shop.example"


def test_preview_over_http_keeps_people_signed_in() -> None:
    """Its cookies are not Secure, which most clients would not send back over http; the project's own word stands."""
    silent, said = app(SECRET_KEY="k" * 40, APP_URL="https://shop.example"), app(SESSION_SECURE=True)
    (line,) = try_production(silent, "http://127.0.0.1:8000")
    assert silent.config["SESSION_SECURE"] is False
    assert "SESSION_SECURE is off in this preview" in line
    assert any("SESSION_SECURE is on" in line for line in try_production(said, "http://127.0.0.1:8000"))
    assert said.config["SESSION_SECURE"] is True
    over_tls = app(SECRET_KEY="k" * 40, APP_URL="https://shop.example")
    assert try_production(over_tls, "https://127.0.0.1:8000") == []
    assert over_tls.config["SESSION_SECURE"] is True


def test_preview_answers_under_its_own_address() -> None:
    """The address that preview prints is an allowed host, also when the real one is another, and so is its name."""
    complete = app(SECRET_KEY="k" * 40, APP_URL="https://shop.example", ALLOWED_HOSTS=["shop.example"])
    try_production(complete, "http://127.0.0.1:8000")
    assert complete.config["ALLOWED_HOSTS"] == ["shop.example", "127.0.0.1", "localhost"]
    for url, hosts in (
        ("http://[::1]:8000", ["::1", "localhost"]),
        ("http://localhost:8000", ["localhost"]),
        ("http://192.0.2.7:8000", ["192.0.2.7"]),
    ):
        other = app()
        try_production(other, url)
        assert other.config["ALLOWED_HOSTS"] == hosts


def test_application_without_settings_is_left_alone() -> None:
    """Any ASGI application can be served."""

    def plain() -> None: ...

    develop(plain)
    assert try_production(plain, "http://x") == []
    assert setting(plain, "ASOK_PORT", 1234) == 1234
    assert spoken(plain) == ("asgi",)


def test_application_with_sockets_speaks_asgi_first() -> None:
    """RSGI has no close codes, so it is taken where nobody needs them."""

    class Application:
        sockets: ClassVar[list[object]] = []

        def __rsgi__(self) -> None: ...

    assert spoken(Application()) == ("rsgi", "asgi", "wsgi")
    Application.sockets.append(object())
    assert spoken(Application()) == ("asgi", "rsgi", "wsgi")
