"""An OpenID Connect provider as a process of its own, well-behaved or ill in one way at a time.

It checks what a provider has to check (client, PKCE, address, one use of a code) and signs
with keys of its own, by means that are not those of the code under test. `POST /mode` says
what it does wrong from then on; `GET /counts` tells what it was asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import secrets
import subprocess
import sys
import time
from base64 import b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

__all__ = ["ProviderProcess", "run_provider"]

CLIENT, SECRET = "desk client", "its: secret"
SUBJECT = "subject-of-ada"


def b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


class State:
    """What the provider knows."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.mode = "right"
        self.codes: dict[str, dict[str, str]] = {}
        self.counts: Counter[str] = Counter()
        self.number = 0
        self.rotate()

    def rotate(self) -> None:
        self.number += 1
        self.key = rsa.generate_private_key(65537, 2048)
        self.kid = f"key {self.number}"

    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": b64(numbers.n.to_bytes(256, "big")),
            "e": b64(numbers.e.to_bytes(3, "big")),
        }

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        if header["alg"] == "none":
            return f"{signed}."
        if header["alg"] == "HS256":
            spki = serialization.PublicFormat.SubjectPublicKeyInfo
            secret = self.key.public_key().public_bytes(serialization.Encoding.PEM, spki)
            if self.mode == "hs jwk":
                secret = json.dumps(self.jwk()).encode()
            return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"
        key = rsa.generate_private_key(65537, 2048) if self.mode == "stranger's key" else self.key
        return f"{signed}.{b64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def id_token(self, grant: dict[str, str], access: str) -> str:
        now = int(time.time())
        digest = hashlib.sha256(access.encode()).digest()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": grant.get("nonce", ""),
            "at_hash": b64(digest[:16]),
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada",
        }
        header: dict[str, Any] = {"alg": "RS256", "typ": "JWT", "kid": self.kid}
        wrong: dict[str, dict[str, Any]] = {
            "wrong nonce": {"nonce": "another"},
            "no nonce": {"nonce": None},
            "wrong aud": {"aud": "somebody else"},
            "two auds": {"aud": [CLIENT, "somebody else"]},
            "wrong azp": {"aud": [CLIENT, "somebody else"], "azp": "somebody else"},
            "right azp": {"aud": [CLIENT, "somebody else"], "azp": CLIENT},
            "odd aud": {"aud": [CLIENT, {"a": 1}]},
            "expired": {"exp": now - 120, "iat": now - 400},
            "no exp": {"exp": None},
            "odd exp": {"exp": "tomorrow"},
            "early": {"iat": now + 3600},
            "wrong iss": {"iss": "https://evil.example"},
            "no sub": {"sub": ""},
            "odd sub": {"sub": ["a"]},
            "wrong at_hash": {"at_hash": "x"},
            "unproven": {"email_verified": False},
            "says so in text": {"email_verified": "false"},
            "nothing about": {"email": None, "name": None},
            "stranger about": {"email": None, "name": None},
        }
        claims = {
            name: value for name, value in (claims | wrong.get(self.mode, {})).items() if value is not None
        }
        headers: dict[str, dict[str, Any]] = {
            "none": {"alg": "none"},
            "None": {"alg": "None"},
            "hs": {"alg": "HS256"},
            "hs jwk": {"alg": "HS256"},
            "unknown key": {"kid": "nobody's"},
            "path key": {"kid": "../../../../dev/null"},
            "long key": {"kid": "k" * 5000},
            "crit": {"crit": ["exp"], "exp": now},
            "b64": {"b64": False},
            "access token": {"typ": "at+jwt"},
            "own key": {"jwk": self.jwk(), "jku": f"{self.issuer}/evil", "kid": "nobody's"},
            "no kid": {"kid": None},
        }
        header = {
            name: value for name, value in (header | headers.get(self.mode, {})).items() if value is not None
        }
        token = self.sign(header, claims)
        if self.mode == "padded":
            return token + "=="
        if self.mode == "cut":
            return token[:-10]
        return "a." * 20_000 if self.mode == "long token" else token


def handler(state: State) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, status: int, body: Any, **headers: str) -> None:
            octets = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(octets)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(octets)

        def ill(self, place: str) -> bool:
            """Be ill at a place, if the mode says so."""
            kind, _, where = state.mode.partition(" at ")
            if where != place:
                return False
            if kind == "slow":
                time.sleep(20)
                self.answer(200, {})
            elif kind == "dripping":
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                with contextlib.suppress(OSError):
                    for _ in range(200):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                        time.sleep(0.1)
            elif kind == "hesitating":
                with contextlib.suppress(OSError):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                    for _ in range(100):
                        self.wfile.write(b"a")
                        self.wfile.flush()
                        time.sleep(0.1)
                self.close_connection = True
            elif kind == "huge":
                self.answer(200, b'{"a": "' + b"a" * 5_000_000 + b'"}')
            elif kind == "nested":
                self.answer(200, b"[" * 200_000)
            elif kind == "moved":
                self.answer(302, {}, Location=f"{state.issuer}/elsewhere")
            elif kind == "text":
                self.answer(200, b"<html>Welcome</html>")
            elif kind == "list":
                self.answer(200, ["a"])
            elif kind == "zipped":
                self.answer(200, b"\x1f\x8b", Content_Encoding="gzip")
            else:
                self.answer(500, {"error": "server_error", "error_description": "the password is hunter2"})
            return True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            state.counts[parts.path] += 1
            if self.ill(parts.path):
                return
            bearer = self.headers.get("Authorization", "")
            if parts.path == "/.well-known/openid-configuration":
                self.discovery()
            elif parts.path == "/authorize":
                self.authorize(query)
            elif parts.path == "/jwks":
                keys = (
                    []
                    if state.mode == "no keys"
                    else [{"kty": "oct", "k": "c2VjcmV0", "kid": state.kid}, state.jwk()]
                )
                self.answer(200, {"keys": keys})
            elif parts.path == "/counts":
                self.answer(200, dict(state.counts))
            elif not bearer.startswith("Bearer access "):
                self.answer(401, {"error": "invalid_token"})
            elif parts.path == "/userinfo":
                sub = "somebody else" if state.mode == "stranger about" else SUBJECT
                self.answer(
                    200, {"sub": sub, "email": "ada@example.com", "email_verified": True, "name": "Ada L."}
                )
            elif parts.path == "/user":
                self.answer(
                    200,
                    {
                        "id": None if state.mode == "no id" else 4711,
                        "login": "ada",
                        "email": "typed@example.com",
                    },
                )
            elif parts.path == "/emails":
                proven = state.mode != "unproven"
                listed = [{"email": "old@example.com", "verified": True, "primary": False}]
                listed.append({"email": "ada@example.com", "verified": proven, "primary": True})
                self.answer(200, listed)
            else:
                self.answer(404, {})

        def discovery(self) -> None:
            told: dict[str, Any] = {
                "issuer": state.issuer,
                "authorization_endpoint": f"{state.issuer}/authorize",
                "token_endpoint": f"{state.issuer}/token",
                "userinfo_endpoint": f"{state.issuer}/userinfo",
                "jwks_uri": f"{state.issuer}/jwks",
                "authorization_response_iss_parameter_supported": True,
            }
            told |= {
                "other issuer": {"issuer": "https://evil.example"},
                "keys in a file": {"jwks_uri": "file:///path/secrets"},
                "keys inside": {"jwks_uri": "https://169.254.169.254/latest"},
                "keys elsewhere": {"jwks_uri": "http://10.0.0.1/jwks"},
                "script": {"authorization_endpoint": "javascript:alert(1)//"},
                "nowhere": {"token_endpoint": None},
            }.get(state.mode, {})
            self.answer(200, told)

        def authorize(self, query: dict[str, str]) -> None:
            right = query.get("client_id") == CLIENT and query.get("response_type") == "code"
            if not right or query.get("code_challenge_method") != "S256":
                self.answer(400, {"error": "invalid_request"})
                return
            code = secrets.token_urlsafe(8)
            state.codes[code] = query
            answer = {"code": code, "state": query["state"], "iss": state.issuer}
            answer |= {
                "other state": {"state": "another"},
                "denied": {"error": "access_denied", "error_description": "<script>alert(1)</script>"},
                "odd error": {"error": "<script>alert(1)</script>"},
                "mix-up": {"iss": "https://evil.example"},
            }.get(state.mode, {})
            if state.mode == "no iss":
                del answer["iss"]
            if state.mode == "no code":
                del answer["code"]
            twice = f"&state={query['state']}" if state.mode == "twice" else ""
            self.answer(302, {}, Location=f"{query['redirect_uri']}?{urlencode(answer)}{twice}")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            state.counts[self.path] += 1
            if self.path == "/mode":
                if body == "rotated":
                    state.rotate()
                state.mode = body
                self.answer(200, {})
            elif not self.ill(self.path):
                self.token({name: values[-1] for name, values in parse_qs(body).items()})

        def token(self, form: dict[str, str]) -> None:
            kind, _, pair = self.headers.get("Authorization", "").partition(" ")
            given = form.get("client_id"), form.get("client_secret")
            if kind == "Basic":
                name, _, secret = b64decode(pair).decode().partition(":")
                given = unquote(name), unquote(secret)
            if given != (CLIENT, SECRET):
                self.answer(401, {"error": "invalid_client"})
                return
            grant = state.codes.pop(form.get("code", ""), None)
            verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if (
                grant is None
                or grant["code_challenge"] != b64(verifier)
                or grant["redirect_uri"] != form.get("redirect_uri")
            ):
                self.answer(400, {"error": "invalid_grant"})
                return
            access = f"access {secrets.token_urlsafe(8)}"
            tokens: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": 60}
            if "openid" in grant["scope"].split() and state.mode != "no id token":
                tokens["id_token"] = state.id_token(grant, access)
            if state.mode == "odd type":
                tokens["token_type"] = "mac"
            if state.mode == "error with 200":
                tokens = {"error": "bad_verification_code"}
            self.answer(200, tokens)

    return Handler


class ProviderProcess:
    """A running provider."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, dict[str, str], bytes]:
        """Ask it as a browser does; give status, headers and body."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        link.request(method, path, body.encode())
        answer = link.getresponse()
        got = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        link.close()
        return got

    def be(self, mode: str) -> None:
        """Do one thing wrong from now on."""
        self.ask("POST", "/mode", mode)

    def counts(self) -> dict[str, int]:
        """How often which address was asked."""
        counted: dict[str, int] = json.loads(self.ask("GET", "/counts")[2])
        return counted

    def visit(self, address: str) -> str:
        """Sign in there as Ada; give the address that the browser is sent back to."""
        assert address.startswith(self.url), address
        status, headers, body = self.ask("GET", address.removeprefix(self.url))
        assert status == 302, body
        return headers["location"]


@contextlib.contextmanager
def run_provider(port: int) -> Iterator[ProviderProcess]:
    """Run a provider in a process of its own inside a `with` block."""
    command = [sys.executable, "-m", "tests.oidc_provider", str(port)]
    root = Path(__file__).parent.parent
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "ready"
        yield ProviderProcess(port)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    server = ThreadingHTTPServer(
        ("127.0.0.1", int(sys.argv[1])), handler(State(f"http://127.0.0.1:{sys.argv[1]}"))
    )
    server.daemon_threads = True
    print("ready", flush=True)
    server.serve_forever()
