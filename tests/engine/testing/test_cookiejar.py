"""The test client's cookies behave as a browser's do."""

from __future__ import annotations

from asok_engine.testing.cookiejar import CookieJar, parse_set_cookie

NOON = 1_800_000_000.0


def jar_with(*fields: str, path: str = "/", scheme: str = "http", host: str = "localhost") -> CookieJar:
    jar = CookieJar(now=lambda: NOON)
    for field in fields:
        jar.store(field, scheme=scheme, host=host, path=path)
    return jar


def sent(jar: CookieJar, path: str = "/", scheme: str = "http", host: str = "localhost") -> str:
    return jar.header(scheme=scheme, host=host, path=path)


def test_cookie_is_sent_back_to_its_path_and_below() -> None:
    """A path covers itself and what is below it, and no neighbour that only begins alike."""
    jar = jar_with("a=1; Path=/shop")
    assert sent(jar, "/shop") == "a=1"
    assert sent(jar, "/shop/cart") == "a=1"
    assert sent(jar, "/shopping") == ""
    assert sent(jar, "/") == ""


def test_cookie_without_path_belongs_to_the_folder_that_set_it() -> None:
    """The default path is the request's path up to its last slash (RFC 6265 5.1.4)."""
    jar = jar_with("a=1", path="/shop/cart")
    assert sent(jar, "/shop/other") == "a=1"
    assert sent(jar, "/about") == ""


def test_expired_cookie_is_deleted() -> None:
    """Max-Age=0 and a date in the past delete; Max-Age wins over Expires."""
    jar = jar_with("a=1; Path=/", "b=2; Path=/")
    jar.store("a=; Path=/; Max-Age=0", scheme="http", host="localhost", path="/")
    jar.store("b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", scheme="http", host="localhost", path="/")
    assert list(jar) == []
    kept = jar_with("c=3; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert kept["c"] == "3"


def test_cookie_ends_when_its_time_has_come() -> None:
    """A kept cookie is not sent after its Max-Age."""
    now = [NOON]
    jar = CookieJar(now=lambda: now[0])
    jar.store("a=1; Max-Age=10", scheme="http", host="localhost", path="/")
    assert sent(jar) == "a=1"
    now[0] += 11
    assert sent(jar) == ""
    assert "a" not in jar


def test_secure_cookie_needs_https_except_on_the_own_machine() -> None:
    """A Secure cookie over plain http is dropped for a real host and kept for localhost, as browsers do."""
    assert sent(jar_with("a=1; Secure"), scheme="http") == "a=1"
    assert list(jar_with("a=1; Secure", host="shop.example")) == []
    secure = jar_with("a=1; Secure", host="shop.example", scheme="https")
    assert sent(secure, host="shop.example", scheme="https") == "a=1"
    assert sent(secure, host="shop.example", scheme="http") == ""


def test_cookie_of_one_host_is_not_sent_to_another() -> None:
    """A cookie is host-only unless it names a domain that covers its host."""
    jar = jar_with("a=1", "b=2; Domain=example.org", "c=3; Domain=other.org", host="shop.example.org")
    assert sent(jar, host="shop.example.org") == "a=1; b=2"
    assert sent(jar, host="www.example.org") == "b=2"
    assert "c" not in jar


def test_planted_cookie_is_sent_everywhere_until_the_application_replaces_it() -> None:
    """Assigning plants a cookie; a Set-Cookie of the same name takes its place."""
    jar = CookieJar(now=lambda: NOON)
    jar["a"] = "mine"
    assert sent(jar, "/deep/down", host="any.example") == "a=mine"
    jar.store("a=theirs; Path=/", scheme="http", host="localhost", path="/")
    assert sent(jar) == "a=theirs"
    del jar["a"]
    assert sent(jar) == ""


def test_attributes_of_a_cookie_are_readable() -> None:
    """A test can see what a browser would see of a cookie."""
    cookie = parse_set_cookie('sid="x y"; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=5', "h", "/", NOON)
    assert cookie is not None
    assert (cookie.value, cookie.http_only, cookie.secure, cookie.same_site) == ("x y", True, True, "Lax")
    assert cookie.expires_at == NOON + 5
    assert parse_set_cookie("nonsense", "h", "/", NOON) is None
