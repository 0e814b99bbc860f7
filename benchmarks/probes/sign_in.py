"""Signs in again and again and fails: `sign_in.py wsgi|asgi TRIES` prints milliseconds by failure as JSON.

The four ways to fail take turns, each in another order each time, from another address
each time, so that no throttle answers in the place of a hash. `BENCH_SCRATCH` is a folder
for the database.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "apps" / "people_project"))

GOOD, WRONG = "correct horse battery", "another horse battery"
#: Each way to fail: the address, and the password that is sent.
WAYS = {
    "unknown": ("nobody@example.com", GOOD),
    "wrong password": ("ada@example.com", WRONG),
    "inactive": ("off@example.com", GOOD),
    "without a password": ("bare@example.com", GOOD),
}
WARM_UP = 5


def main(protocol: str, tries: int) -> None:
    """Fail, and print how long it took."""
    Path(os.environ["BENCH_SCRATCH"], "people.sqlite3").unlink(missing_ok=True)
    from wsgi import app

    from asok import TestClient
    from asok_engine.database.databases import databases
    from asok_engine.database.running import run_one
    from asok_engine.sql.metadata import create_statements
    from asok_engine.sql.raw import Raw

    app.startup()
    user = app.models["User"]
    for text in create_statements([user.__description__.table], databases["default"].dialect.name):
        run_one(Raw(text, returns="count", writes=True))
    user.create(_trust=True, email="ada@example.com", password=GOOD)
    user.create(_trust=True, email="off@example.com", password=GOOD, is_active=False)
    user.create(_trust=True, email="bare@example.com", password=None)
    page = "/plain" if protocol == "wsgi" else "/async"
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    order, chance = list(WAYS), random.Random(7)
    with TestClient(app, protocol) as client:
        right = client.post(page, data={"email": "ada@example.com", "password": GOOD})
        if right.text != "yes":
            raise SystemExit(f"the right password is answered {right.status_code} {right.text!r}")
        for turn in range(WARM_UP + tries):
            chance.shuffle(order)
            for place, way in enumerate(order):
                email, password = WAYS[way]
                address = f"10.{place}.{turn // 250}.{turn % 250}"
                stranger = TestClient(app, protocol, client=(address, 9))
                began = time.perf_counter()
                answer = stranger.post(page, data={"email": email, "password": password})
                spent = time.perf_counter() - began
                if (answer.status_code, answer.text) != (200, "no"):
                    raise SystemExit(f"{way} was answered {answer.status_code} {answer.text!r}")
                if turn >= WARM_UP:
                    found[way].append(spent * 1e3)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
