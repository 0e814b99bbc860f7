"""Puts the constant security headers on every response, and a nonce where a template asked for one.

The values are made at start by `security.response_headers` and `security.csp`; here
they are only merged, and what a handler has set itself stays. A response that
carries a nonce is kept out of shared caches, because a nonce that is replayed
allows the script of whoever has read it. Source: CSP Level 3, 7.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from asok_engine.wire.headers import SharedFields, encode_field
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["SecurityHeaders"]

CSP = b"content-security-policy"
CACHE_CONTROL = b"cache-control"
FOR_ONE_READER = b"private, no-cache"
# These speak about a document and its window. What is data can never be one, under
# nosniff; the policy itself, with its frame-ancestors, goes with every response.
OF_DOCUMENTS = frozenset(
    {b"x-frame-options", b"referrer-policy", b"cross-origin-opener-policy", b"permissions-policy"}
)
DATA = frozenset(
    {
        b"application/json",
        b"application/problem+json",
        b"application/octet-stream",
        b"text/plain; charset=utf-8",
        b"text/event-stream; charset=utf-8",
    }
)
PLAIN = frozenset({b"content-type", b"etag"})
KEPT_APART = re.compile(rb"(?:^|[,\s])(?:no-store|private)(?:[,\s]|$)", re.IGNORECASE)


class _Kinds:
    """The headers of one scheme, for what may become a document and for what cannot."""

    __slots__ = ("by_type", "document", "names_plain", "policy")

    def __init__(self, headers: dict[bytes, bytes], data_policy: bytes | None) -> None:
        self.document = SharedFields(headers)
        self.policy = headers.get(CSP)
        #: Whether a setting adds what every response may have of its own.
        self.names_plain = not PLAIN.isdisjoint(headers)
        data = {name: value for name, value in headers.items() if name not in OF_DOCUMENTS}
        if data_policy is not None and CSP in data:
            data[CSP] = data_policy
        self.by_type: dict[bytes | None, SharedFields] = dict.fromkeys(DATA, SharedFields(data))


class SecurityHeaders:
    """Puts `https` or `http`, by the scheme of the request, before the fields of a response.

    `csp_with_nonce` gives the Content-Security-Policy with a nonce allowed, normally
    `ContentSecurityPolicy.with_nonce`; without it nonces change nothing. `data_policy` is
    the policy of what is data; without it that has the policy of documents. `allow_connect`
    adds to a policy what a page connects to beside its own address (`request.connect_source`);
    it is there only where pages have WebSockets.
    """

    def __init__(
        self,
        *,
        https: Mapping[str, str],
        http: Mapping[str, str],
        csp_with_nonce: Callable[[str], str] | None = None,
        data_policy: str | None = None,
        allow_connect: Callable[[str, str], str] | None = None,
    ) -> None:
        policy = None if data_policy is None else data_policy.encode("ascii")
        self._https = _Kinds(dict(encode_field(name, value) for name, value in https.items()), policy)
        self._http = _Kinds(dict(encode_field(name, value) for name, value in http.items()), policy)
        self._csp_with_nonce = csp_with_nonce
        self._allow_connect = allow_connect

    def finish(self, request: Request, response: Response) -> None:
        """Add the headers to a response."""
        nonce = request.nonce_value
        if nonce:
            self._allow(nonce, response)
        kinds = self._https if (request._scheme or request.scheme) == "https" else self._http
        if self._allow_connect is not None and (source := getattr(request, "connect_source", None)):
            raw = response.raw
            policy = raw.get(CSP) if nonce else kinds.policy if CSP not in raw else None
            if policy is not None:
                raw[CSP] = self._allow_connect(policy.decode("ascii"), source).encode("ascii")
        own = response.raw if kinds.names_plain else response.own
        if own is None:
            response.shared = kinds.by_type.get(response.plain_type, kinds.document)
            return
        shared = kinds.by_type.get(own.get(b"content-type"), kinds.document)
        if shared.names.isdisjoint(own):
            response.shared = shared
        else:
            response.own = {**dict(shared.pairs), **own}

    def _allow(self, nonce: str, response: Response) -> None:
        raw = response.raw
        if self._csp_with_nonce is not None and CSP not in raw:
            raw[CSP] = self._csp_with_nonce(nonce).encode("ascii")
        if not KEPT_APART.search(raw.get(CACHE_CONTROL, b"")):
            raw[CACHE_CONTROL] = FOR_ONE_READER
