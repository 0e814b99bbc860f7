"""Settings of keys, response headers, content policy and other origins, watched through requests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from asok_engine.settings.problem import SettingsError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, KEY, make_app

STYLE = {"src/partials/css/site.css": "a{color:red}"}
#: A page, a file, an error and the health check: whatever answers, the headers are there.
PATHS = ("/", "/css/site.css", "/nothing", "/health")


def policy(header: str) -> dict[str, str]:
    """Read a Content-Security-Policy as directive -> sources."""
    return {name: rest for name, _, rest in (part.partition(" ") for part in header.split("; "))}


# --- the key --------------------------------------------------------------------------


@pytest.mark.setting("asok.SECRET_KEY")
def test_production_does_not_start_without_a_key(tmp_path: Path) -> None:
    """Missing, short or a placeholder: a RuntimeError names SECRET_KEY and never shows the value."""
    with pytest.raises(RuntimeError, match="SECRET_KEY is missing"):
        make_app(tmp_path, without=("SECRET_KEY",)).startup()
    for bad in ("tooshort-9b2", "change-me-change-me-change-me-change-me"):
        for by in ("code", ".env"):
            with pytest.raises(RuntimeError, match="SECRET_KEY") as caught:
                make_app(tmp_path, {"SECRET_KEY": bad}, by=by).startup()
            assert bad not in str(caught.value)


@pytest.mark.setting("asok.SECRET_KEY")
def test_application_without_a_key_answers_nothing(tmp_path: Path) -> None:
    """The first request learns why, too: nothing is served half set up."""
    client = TestClient(make_app(tmp_path, without=("SECRET_KEY",)))
    for _ in range(2):
        with pytest.raises(SettingsError, match="SECRET_KEY is missing"):
            client.get("/")


@pytest.mark.setting("asok.SECRET_KEY")
def test_debug_makes_a_key_of_its_own_per_process(tmp_path: Path) -> None:
    """It is long, it starts the application, and another process has another."""
    app = make_app(tmp_path, {"DEBUG": True}, by=".env", without=("SECRET_KEY", "APP_URL"))
    assert TestClient(app).get("/").text == "hello"
    code = f"from asok import Asok; print(Asok({str(tmp_path)!r}).config['SECRET_KEY'])"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    keys = {app.config["SECRET_KEY"], other.stdout.strip()}
    assert [len(key) >= 32 for key in keys] == [True, True]


@BOTH
@pytest.mark.setting("asok.SECRET_KEY")
def test_key_never_reaches_the_log(tmp_path: Path, by: str) -> None:
    """A line and a traceback that hold it are masked, whatever name they give it."""
    pages = {
        "page.py": "def get(request):\n    key = request.app.config['SECRET_KEY']\n"
        "    request.app.logger.info('the value is %s', key)\n    raise LookupError(key)\n"
    }
    settings = {"SECRET_KEY": KEY[::-1], "LOG_FILE": "app.log"}
    assert TestClient(make_app(tmp_path, settings, by=by, pages=pages)).get("/").status_code == 500
    written = (tmp_path / "app.log").read_text()
    assert "the value is ********" in written
    assert "LookupError: ********" in written
    assert KEY[::-1] not in written


# --- security headers -------------------------------------------------------------------


@pytest.mark.setting("asok.SECURITY_HEADERS")
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_security_headers(tmp_path: Path, path: str) -> None:
    """By default: no sniffing and a strict content policy, whatever answers; data may load nothing at all."""
    answer = TestClient(make_app(tmp_path, files=STYLE)).get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    directives = policy(answer.headers["Content-Security-Policy"])
    allowed = "'none'" if path == "/health" else "'self'"
    assert directives.get("script-src", directives["default-src"]) == allowed
    assert directives["base-uri"] == allowed
    assert directives["frame-ancestors"] == "'none'"


@BOTH
@pytest.mark.setting("asok.SECURITY_HEADERS", "asok.CSP", "asok.CSP_REPORT_URI")
def test_policy_of_data_follows_the_settings(tmp_path: Path, by: str) -> None:
    """Who may frame a page may frame data, reports go to the same place, a policy written out is for all."""

    def sent(name: str, settings: dict[str, object]) -> dict[str, str]:
        answer = TestClient(make_app(tmp_path / name, settings, by=by)).get("/health")
        return policy(answer.headers["Content-Security-Policy"])

    nothing = {"default-src": "'none'", "base-uri": "'none'"}
    framed = {"CSP": {"frame-ancestors": "https://a.example"}, "CSP_REPORT_URI": "/csp"}
    assert sent("a", framed) == nothing | {"frame-ancestors": "https://a.example", "report-uri": "/csp"}
    assert sent("b", {"SECURITY_HEADERS": {"X-Frame-Options": "SAMEORIGIN"}}) == nothing | {
        "frame-ancestors": "'self'"
    }
    own = {"SECURITY_HEADERS": {"Content-Security-Policy": "default-src https:"}}
    assert sent("c", own) == {"default-src": "https:"}


@pytest.mark.setting("asok.SECURITY_HEADERS")
@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_every_document_says_how_it_may_be_used(tmp_path: Path, path: str) -> None:
    """Not in a frame, and what it tells to the sites that it links to."""
    answer = TestClient(make_app(tmp_path)).get(path)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.setting("asok.SECURITY_HEADERS")
def test_strict_transport_is_told_over_https_in_production_only(tmp_path: Path) -> None:
    """Over http it would be ignored, and in DEBUG it would lock a developer's localhost."""
    found = {
        (debug, scheme): "Strict-Transport-Security"
        in TestClient(make_app(tmp_path, {"DEBUG": debug}), base_url=f"{scheme}://localhost").get("/").headers
        for debug in (False, True)
        for scheme in ("http", "https")
    }
    assert [key for key, sent in found.items() if sent] == [(False, "https")]


@BOTH
@pytest.mark.setting("asok.SECURITY_HEADERS")
@pytest.mark.parametrize("path", PATHS)
def test_security_headers_can_be_switched_off(tmp_path: Path, by: str, path: str) -> None:
    """`false` leaves none of them, and the word false in a file is no text that counts as true."""
    headers = (
        TestClient(make_app(tmp_path, {"SECURITY_HEADERS": False}, by=by, files=STYLE)).get(path).headers
    )
    sent = {
        name for name in headers if name.startswith(("X-Content", "X-Frame", "Referrer", "Content-Security"))
    }
    assert sent == set()


@BOTH
@pytest.mark.setting("asok.SECURITY_HEADERS")
def test_dictionary_changes_single_security_headers(tmp_path: Path, by: str) -> None:
    """Text replaces or adds, null removes, what is not named stays; the content policy follows."""
    setting = {"X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": None, "X-Robots-Tag": "noindex"}
    headers = TestClient(make_app(tmp_path, {"SECURITY_HEADERS": setting}, by=by)).get("/").headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Referrer-Policy" not in headers
    assert policy(headers["Content-Security-Policy"])["frame-ancestors"] == "'self'"


# --- content policy -----------------------------------------------------------------------


def sent_policy(folder: Path, settings: Mapping[str, object], by: str) -> dict[str, str]:
    """Give the policy that a page of an application with these settings is sent with."""
    answer = TestClient(make_app(folder, settings, by=by)).get("/")
    return policy(answer.headers["Content-Security-Policy"])


@BOTH
@pytest.mark.setting("asok.CSP")
def test_policy_is_changed_by_directive(tmp_path: Path, by: str) -> None:
    """Text replaces, a plus adds, null removes; the other directives keep their defaults."""
    changes = {"img-src": "'self' https:", "script-src+": "https://cdn.example", "form-action": None}
    sent = sent_policy(tmp_path, {"CSP": changes}, by)
    assert sent["img-src"] == "'self' https:"
    assert sent["script-src"] == "'self' https://cdn.example"
    assert "form-action" not in sent
    assert (sent["default-src"], sent["object-src"]) == ("'self'", "'none'")


@pytest.mark.setting("asok.CSP")
def test_slip_in_the_policy_stops_the_start(tmp_path: Path) -> None:
    """A browser would drop an unknown directive without a word; the start says it."""
    with pytest.raises(RuntimeError, match="'image-src'.*Did you mean 'img-src'"):
        make_app(tmp_path, {"CSP": {"image-src": "https:"}}, by=".env").startup()


@BOTH
@pytest.mark.setting("asok.CSP_UNSAFE_EVAL")
def test_eval_is_allowed_on_request_only(tmp_path: Path, by: str) -> None:
    """Only `true` adds the word, and to scripts alone."""
    assert sent_policy(tmp_path, {"CSP_UNSAFE_EVAL": True}, by)["script-src"] == "'self' 'unsafe-eval'"
    without = sent_policy(tmp_path, {"CSP_UNSAFE_EVAL": False}, by)
    assert "unsafe-eval" not in " ".join(without.values())


@BOTH
@pytest.mark.setting("asok.CSP_REPORT_URI")
def test_violations_are_reported_where_the_setting_says(tmp_path: Path, by: str) -> None:
    """The address stands in the policy; by default there is none."""
    assert sent_policy(tmp_path, {"CSP_REPORT_URI": "/csp-report"}, by)["report-uri"] == "/csp-report"
    assert "report-uri" not in sent_policy(tmp_path, {}, by)


# --- other origins ------------------------------------------------------------------------

ALLOWED = "Access-Control-Allow-Origin"
APP, ADMIN, EVIL = "https://app.example", "https://admin.example", "https://evil.example"


@BOTH
@pytest.mark.setting("asok.CORS_ORIGINS")
@pytest.mark.parametrize("path", PATHS)
def test_listed_origins_may_read_every_answer(tmp_path: Path, by: str, path: str) -> None:
    """The asking origin is named when it is on the list, also on errors and files; others are not."""
    client = TestClient(make_app(tmp_path, {"CORS_ORIGINS": [APP, ADMIN]}, by=by, files=STYLE))
    for origin in (APP, ADMIN):
        answer = client.get(path, headers={"Origin": origin})
        assert (answer.headers[ALLOWED], "Origin" in answer.headers["Vary"]) == (origin, True)
    for origin in (EVIL, f"{APP}.evil.example", "null"):
        assert ALLOWED not in client.get(path, headers={"Origin": origin}).headers


@BOTH
@pytest.mark.setting("asok.CORS_ORIGINS")
def test_preflight_of_a_listed_origin_is_granted(tmp_path: Path, by: str) -> None:
    """It is answered before any page; another origin gets an answer without a grant."""
    client = TestClient(make_app(tmp_path, {"CORS_ORIGINS": [APP]}, by=by))
    for origin, granted in ((APP, APP), (EVIL, None)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        answer = client.options("/anything", headers=asked)
        assert (answer.status_code, answer.headers.get(ALLOWED)) == (204, granted)
        assert ("Access-Control-Allow-Methods" in answer.headers) is (granted is not None)


@pytest.mark.setting("asok.CORS_ORIGINS")
def test_star_lets_every_site_read(tmp_path: Path) -> None:
    """Without credentials; and nothing is said when the setting is absent."""
    everyone = TestClient(make_app(tmp_path, {"CORS_ORIGINS": "*"}, by=".env"))
    assert everyone.get("/", headers={"Origin": EVIL}).headers[ALLOWED] == "*"
    nobody = TestClient(make_app(tmp_path))
    assert ALLOWED not in nobody.get("/", headers={"Origin": APP}).headers


@BOTH
@pytest.mark.setting("asok.CORS_ALLOW_CREDENTIALS")
def test_credentials_are_granted_when_asked_for(tmp_path: Path, by: str) -> None:
    """To listed origins only, and `false` in a file is no."""
    for allowed, said in ((True, "true"), (False, None)):
        settings = {"CORS_ORIGINS": [APP], "CORS_ALLOW_CREDENTIALS": allowed}
        client = TestClient(make_app(tmp_path, settings, by=by))
        credentials = "Access-Control-Allow-Credentials"
        assert client.get("/", headers={"Origin": APP}).headers.get(credentials) == said
        assert credentials not in client.get("/", headers={"Origin": EVIL}).headers


@BOTH
@pytest.mark.setting("asok.CORS_ALLOW_CREDENTIALS")
def test_credentials_for_everyone_stop_the_start(tmp_path: Path, by: str) -> None:
    """Any site could act as the visitor, so the two settings contradict each other."""
    settings = {"CORS_ORIGINS": ["*"], "CORS_ALLOW_CREDENTIALS": True}
    with pytest.raises(RuntimeError, match="CORS_ALLOW_CREDENTIALS is true"):
        make_app(tmp_path, settings, by=by).startup()
