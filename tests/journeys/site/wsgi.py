"""The application of the journeys: one page per behaviour that every server must show alike."""

import os
from pathlib import Path

from asok import Asok

app = Asok()
app.config["SECRET_KEY"] = "journeys-and-nothing-else-0123456789"
app.config["APP_URL"] = "http://127.0.0.1"
app.config["ALLOWED_HOSTS"] = ["127.0.0.1", "localhost", "testserver"]
app.config["RATE_LIMIT"] = False
app.config["MAX_CONTENT_LENGTH"] = 2_000_000
app.config["LOG_LEVEL"] = "WARNING"
app.config["TRUSTED_PROXIES"] = ["127.0.0.7"]

record = os.environ.get("JOURNEY_RECORD")


def note(word):
    if record:
        with Path(record).open("a") as file:
            file.write(f"{word} {os.getpid()}\n")


@app.on_startup
async def began():
    note("startup")


@app.on_shutdown
def ended():
    note("shutdown")
