"""Entity tags, "not modified", and parts of a body.

It looks at 200 answers to GET and HEAD only: whether a write may go ahead has to be
asked before it is done, which is the handler's business. A body in memory gets a tag
of its content, a file one of its size and time. What speaks to one client alone gets
none: a response that sets a cookie, that may not be stored, or that carries a nonce,
since a 304 would leave the old body with the new header. Sources: RFC 9110 8.8, 13,
14, 15.4.5; RFC 9111 3.5, 7.3.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from asok_engine.wire.conditional import evaluate, make_etag, range_applies
from asok_engine.wire.dates import format_date
from asok_engine.wire.ranges import RangeNotSatisfiable, multipart_length, multipart_pieces, parse_range
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response

__all__ = ["Conditional"]
