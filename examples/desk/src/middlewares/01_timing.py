"""Tells the browser's developer tools how long the page took."""

import time


async def handle(request, next):
    began = time.perf_counter()
    response = await next(request)
    milliseconds = (time.perf_counter() - began) * 1000
    response.headers["Server-Timing"] = f"page;dur={milliseconds:.2f}"
    return response
