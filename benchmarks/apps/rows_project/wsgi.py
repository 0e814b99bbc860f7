"""Pages with rows: in production mode, with the safe defaults on and nobody's rate limited."""

from asok import Asok

app = Asok()
app.config["DEBUG"] = False
app.config["SECRET_KEY"] = "benchmarks-and-nothing-else-0123456789-0123456789"
app.config["APP_URL"] = "http://127.0.0.1"
app.config["RATE_LIMIT"] = False
app.config["LOG_LEVEL"] = "WARNING"
