# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


async def get(request):
    secret = "hunter2-must-not-be-seen"
    raise RuntimeError(f"a defect near {secret}")


def post(request):
    raise RuntimeError("a plain defect")
