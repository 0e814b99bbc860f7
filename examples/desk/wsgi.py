"""The desk: a help desk in pages. Serve it with `asok dev`, or with any WSGI, ASGI or RSGI server."""

from asok import Asok

app = Asok()
app.share(product="Desk", year=2026)
