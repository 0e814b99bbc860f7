"""The desk: a help desk in pages. Serve it with `asok dev`, or with any WSGI, ASGI or RSGI server."""

from asok import Asok

app = Asok()
app.share(product="Desk", year=2026)

# Sockets are served on the pages' own port; beside gunicorn, which has none, they get one of their own.
from chat import ws  # noqa: E402

ws.start(only_beside_wsgi=True)
