"""People who sign in: in production mode, with the safe defaults on and nobody's requests limited."""

import os

from asok import Asok

app = Asok()
app.config["DEBUG"] = False
app.config["SECRET_KEY"] = "benchmarks-and-nothing-else-0123456789-0123456789"
app.config["APP_URL"] = "http://localhost"
app.config["DATABASE_URL"] = f"sqlite:///{os.environ['BENCH_SCRATCH']}/people.sqlite3"
app.config["RATE_LIMIT"] = False
app.config["SESSION_SECURE"] = False
app.config["LOG_LEVEL"] = "CRITICAL"
