# src/middlewares/02_async_logger.py
import time
async def handle(request, next):
    start = time.time()
    # Propagate to next middleware/handler asynchronously
    response = await next(request)
    duration = (time.time() - start) * 1000
    print(f"[{request.method}] {request.path} completed in {duration:.2f}ms (async)")
    return response
