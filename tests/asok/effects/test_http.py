"""Settings of hosts, addresses, health, entity tags and compression, watched through requests."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from asok_engine.settings.problem import SettingsError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, make_app

WHO = {"page.py": "def get(request):\n    return f'{request.ip} {request.scheme} {request.host}'\n"}


# --- hosts and addresses ------------------------------------------------------------


@pytest.mark.setting("asok.APP_URL")
def test_production_does_not_start_without_the_address(tmp_path: Path) -> None:
    """The error is a RuntimeError that names APP_URL and says how to set it."""
    app = make_app(tmp_path, without=("APP_URL",))
    with pytest.raises(RuntimeError, match=r"APP_URL is missing.*APP_URL=https://example\.com"):
        app.startup()
    with pytest.raises(SettingsError, match="APP_URL was given 'shop.example'"):
        make_app(tmp_path, {"APP_URL": "shop.example"}, by=".env").startup()


@BOTH
@pytest.mark.setting("asok.APP_URL")
def test_host_of_the_address_is_answered_and_no_other(tmp_path: Path, by: str) -> None:
    """Without ALLOWED_HOSTS the application answers to its own address alone."""
    client = TestClient(make_app(tmp_path, {"APP_URL": "https://shop.example:8443"}, by=by))
    assert client.get("/", headers={"Host": "shop.example:8443"}).text == "hello"
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/", headers={"Host": "shop.example.evil.example"}).status_code == 400


@BOTH
@pytest.mark.setting("asok.APP_URL")
def test_redirect_may_name_the_address_in_full(tmp_path: Path, by: str) -> None:
    """Also when the visitor came by another host; any other site is refused."""
    pages = {"page.py": "def get(request):\n    request.redirect(request.query.get('to'))\n"}
    settings = {"APP_URL": "https://shop.example", "ALLOWED_HOSTS": ["localhost"]}
    client = TestClient(make_app(tmp_path, settings, by=by, pages=pages))
    answer = client.get("/", params={"to": "https://shop.example/basket"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://shop.example/basket")
    assert client.get("/", params={"to": "https://evil.example/basket"}).status_code >= 400


@BOTH
@pytest.mark.setting("asok.ALLOWED_HOSTS")
def test_allowed_hosts_are_answered_beside_the_address(tmp_path: Path, by: str) -> None:
    """Names, and a leading dot for a name and all below it; the rest is refused with 400."""
    settings = {"ALLOWED_HOSTS": ["shop.example", ".inner.example"]}
    client = TestClient(make_app(tmp_path, settings, by=by))
    answers = {
        host: client.get("/", headers={"Host": host}).status_code
        for host in ("localhost", "shop.example", "inner.example", "a.b.inner.example", "www.shop.example")
    }
    assert list(answers.values()) == [200, 200, 200, 200, 400]


@pytest.mark.setting("asok.ALLOWED_HOSTS")
def test_every_host_is_answered_in_debug_and_with_a_star(tmp_path: Path) -> None:
    """`*` is the default of DEBUG, and one may ask for it."""
    for settings in ({"DEBUG": True}, {"ALLOWED_HOSTS": "*"}):
        client = TestClient(make_app(tmp_path, settings, by=".env"))
        assert client.get("/", headers={"Host": "anything.example"}).text == "hello"


@BOTH
@pytest.mark.setting("asok.TRUSTED_PROXIES")
def test_forwarded_fields_of_trusted_proxies_are_believed(tmp_path: Path, by: str) -> None:
    """Address and network by exact comparison, as a list and as text with commas."""
    settings = {"TRUSTED_PROXIES": ["10.0.0.12", "192.168.0.0/16"], "ALLOWED_HOSTS": ["shop.example"]}
    app = make_app(tmp_path, settings, by=by, pages=WHO)
    fields = {
        "X-Forwarded-For": "1.2.3.4, 203.0.113.9, 192.168.7.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example",
    }
    for peer in ("10.0.0.12", "192.168.1.1"):
        answer = TestClient(app, client=(peer, 1)).get("/", headers=fields)
        assert answer.text == "203.0.113.9 https shop.example"
    for peer in ("10.0.0.1", "10.0.0.120", "1.2.3.4"):
        answer = TestClient(app, client=(peer, 1)).get("/", headers=fields)
        assert answer.text == f"{peer} http localhost"


@pytest.mark.setting("asok.TRUSTED_PROXIES")
def test_no_proxy_is_trusted_until_one_is_named(tmp_path: Path) -> None:
    """A forged field changes nothing by default; with `*` the rightmost hop is the client."""
    fields = {"X-Forwarded-For": "6.6.6.6, 7.7.7.7"}
    plain = TestClient(make_app(tmp_path, pages=WHO), client=("127.0.0.1", 1))
    assert plain.get("/", headers=fields).text.startswith("127.0.0.1 ")
    open_to_all = make_app(tmp_path, {"TRUSTED_PROXIES": "*"}, by=".env", pages=WHO)
    assert TestClient(open_to_all).get("/", headers=fields).text.startswith("7.7.7.7 ")


# --- health and version -------------------------------------------------------------


@pytest.mark.setting("asok.HEALTHCHECK")
def test_health_is_answered_for_any_host(tmp_path: Path) -> None:
    """A load balancer asks by address and gets JSON that no cache keeps."""
    answer = TestClient(make_app(tmp_path)).get("/health", headers={"Host": "10.0.0.7"})
    assert (answer.status_code, answer.json["status"]) == (200, "healthy")
    assert answer.headers["Cache-Control"] == "no-store"


@BOTH
@pytest.mark.setting("asok.HEALTHCHECK")
def test_health_can_be_switched_off(tmp_path: Path, by: str) -> None:
    """Then the address is free: it is a page like any other, or nothing."""
    client = TestClient(make_app(tmp_path, {"HEALTHCHECK": False}, by=by))
    assert client.get("/health").status_code == 404
    pages = {"health.py": "def get(request):\n    return 'my own'\n"}
    own = TestClient(make_app(tmp_path, {"HEALTHCHECK": False}, by=by, pages=pages))
    assert own.get("/health").text == "my own"


@BOTH
@pytest.mark.setting("asok.VERSION")
def test_version_is_told_to_code_and_to_developers_only(tmp_path: Path, by: str) -> None:
    """`app.version` has it, the health check in DEBUG too, and the one of production never."""
    app = make_app(tmp_path, {"VERSION": "4.5.6", "DEBUG": True}, by=by)
    assert app.version == "4.5.6"
    assert TestClient(app).get("/health").json["version"] == "4.5.6"
    app = make_app(tmp_path, {"VERSION": "4.5.6", "DEBUG": False}, by=by)
    assert "4.5.6" not in TestClient(app).get("/health").text


# --- entity tags and compression ------------------------------------------------------


@pytest.mark.setting("asok.ETAG")
@pytest.mark.parametrize("path", ["/", "/css/site.css"])
def test_known_content_is_not_sent_again(tmp_path: Path, path: str) -> None:
    """Pages and files have a quoted tag; who sends it back gets 304 and no body."""
    client = TestClient(make_app(tmp_path, files={"src/partials/css/site.css": "a{color:red}"}))
    first = client.get(path)
    assert first.headers["ETag"].startswith('"')
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])


@BOTH
@pytest.mark.setting("asok.ETAG")
def test_entity_tags_can_be_switched_off(tmp_path: Path, by: str) -> None:
    """No tag is made, for pages and for files, and the whole answer comes each time."""
    files = {"src/partials/css/site.css": "a{color:red}"}
    tagged = TestClient(make_app(tmp_path / "tagged", by=by, files=files))
    client = TestClient(make_app(tmp_path / "plain", {"ETAG": False}, by=by, files=files))
    for path in ("/", "/css/site.css"):
        tag = tagged.get(path).headers["ETag"]
        answer = client.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, "ETag" in answer.headers) == (200, False)


LONG = {
    "page.py": "def get(request):\n    return 'word ' * 400\n",
    "sized.py": "def get(request):\n    return 'a' * int(request.query.get('bytes'))\n",
}
ACCEPTS = {"Accept-Encoding": "gzip"}


@BOTH
@pytest.mark.setting("asok.GZIP")
def test_text_is_compressed_for_clients_that_take_it(tmp_path: Path, by: str) -> None:
    """With GZIP a client that accepts it gets fewer bytes that mean the same; others get plain text."""
    client = TestClient(make_app(tmp_path, {"GZIP": True}, by=by, pages=LONG))
    answer = client.get("/", headers=ACCEPTS)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.body) == b"word " * 400
    for refusing in ({}, {"Accept-Encoding": "gzip;q=0"}):
        assert "Content-Encoding" not in client.get("/", headers=refusing).headers


@BOTH
@pytest.mark.setting("asok.GZIP")
def test_nothing_is_compressed_without_the_setting(tmp_path: Path, by: str) -> None:
    """GZIP is off by default, and `false` in a file is off too."""
    for settings in ({}, {"GZIP": False}):
        client = TestClient(make_app(tmp_path, settings, by=by, pages=LONG))
        assert client.get("/", headers=ACCEPTS).body == b"word " * 400


@BOTH
@pytest.mark.setting("asok.GZIP_MIN_SIZE")
def test_short_answers_are_left_alone(tmp_path: Path, by: str) -> None:
    """The border is the setting: one byte below it stays plain, the border itself is compressed."""
    settings = {"GZIP": True, "GZIP_MIN_SIZE": 300}
    client = TestClient(make_app(tmp_path, settings, by=by, pages=LONG))
    below = client.get("/sized?bytes=299", headers=ACCEPTS)
    border = client.get("/sized?bytes=300", headers=ACCEPTS)
    assert ("Content-Encoding" in below.headers, "Content-Encoding" in border.headers) == (False, True)
