"""The desk: a help desk in pages. Serve it with `asok dev`, or with any WSGI, ASGI or RSGI server."""

from asok import Asok

app = Asok()
app.share(product="Desk", year=2026)

# Its handlers are served on the pages' own port; beside a WSGI server, `ws.start()` opens one for them.
from chat import ws  # noqa: E402, F401
